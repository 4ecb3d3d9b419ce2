// The runs: what was trained, how far it is, and what can be done with it.

import { commandLine } from "../marks/commandline.js";
import { fill, h } from "../dom.js";
import { live } from "../runs.js";
import { hasImages, made, standalone } from "../standalone.js";
import { counted, percent } from "../text.js";
import { progress } from "../marks/progress.js";
import { verdict } from "../advice.js";

/** @typedef {import("../types.js").Run} Run */

/** @param {import("../types.js").Page} page */
export function gallery({ state, runs, api }) {
  const list = h("ul", { class: "runs" });
  const notice = h("div", {});
  const gone = h("ul", { class: "deleted", "aria-live": "polite" });
  const element = h(
    "aside",
    { class: "gallery", id: "runs", "aria-label": "Runs" },
    h("div", { class: "card-head" }, h("h2", {}, "Runs"), h("span", { class: "gap" }),
      h("button", { class: "button primary", id: "new-run", onclick: () => state.set({ dialog: "new" }) }, "New run")),
    notice,
    gone,
    list,
    standalone && h("p", { class: "soft small", id: "about-file" }, `This file holds one run as it was on ${made}, and asks no server for anything. To train, stop a run or search by an image of yours, start Saccade: `, h("code", {}, "saccade serve"), hasImages() ? "" : ". Its images were left out."),
  );
  /** @type {Map<string, ReturnType<typeof item>>} */
  const items = new Map();

  /** @param {string} id */
  function item(id) {
    const name = h("b", { class: "run-name" });
    const score = h("span", { class: "score" });
    const about = h("span", { class: "soft small about" });
    const small = progress(false);
    const large = progress(true);
    const story = h("div", {});
    const shown = h("div", { class: "shown-command" });
    const actions = h("div", { class: "actions" });
    const more = h("div", { class: "run-more" }, large.element, story, actions, shown);
    const open = h("button", { class: "run-open", onclick: () => state.set({ run: id, dialog: null }) },
      h("span", { class: "between" }, name, score), about, small.element);
    const box = h("li", { class: "run", "data-run": id }, open, more);
    let told = "";
    let confirming = false;

    /** @param {Run} run */
    function drawActions(run) {
      if (confirming) {
        return fill(
          actions,
          h("p", { class: "small" }, `Delete ${run.name} with its checkpoints and analyses? For ten minutes it can be brought back.`),
          h("button", { class: "button bad", onclick: () => act(() => runs.remove(id)) }, "Delete"),
          h("button", { class: "button", onclick: () => ask(run, false) }, "Keep"),
        );
      }
      fill(
        actions,
        live(run) && h("button", {
          class: "button", disabled: run.state === "stopping", onclick: () => act(() => runs.stop(id)),
        }, run.state === "stopping" ? "Stopping" : "Stop"),
        ["stopped", "failed", "interrupted"].includes(run.state) && !run.shipped
          && h("button", { class: "button", onclick: () => act(() => runs.resume(id)) }, "Resume"),
        !run.model && h("button", { class: "button", title: "A new run with these settings, to edit", onclick: () => state.set({ dialog: `clone ${id}` }) }, "Clone"),
        !run.model && h("button", { class: "button", title: "The command that does the same in a terminal", onclick: copyCommand }, "Copy as command"),
        !live(run) && !run.shipped && h("button", { class: "button", onclick: () => ask(run, true) }, "Delete"),
      );
    }

    /** @param {Run} run @param {boolean} on */
    function ask(run, on) {
      confirming = on;
      drawActions(run);
    }

    /** @param {() => Promise<any>} request */
    async function act(request) {
      confirming = false;
      try {
        await request();
        if (!runs.get(id) && state.now.run === id) state.set({ run: null }, { quietly: true });
      } catch (error) {
        fill(story, h("p", { class: "notice bad" }, /** @type {Error} */ (error).message));
      }
    }

    /** Copy the command, and show it: where it may not be copied, it can be selected. */
    async function copyCommand() {
      const { command } = await api.run(id).catch(() => ({ command: null }));
      if (!command) return fill(shown, h("p", { class: "notice bad" }, "Its command cannot be told; look at its settings with Clone."));
      // Where a page may not write to it, a browser has no clipboard at all.
      const write = async () => navigator.clipboard.writeText(command);
      const copied = await write().then(() => true, () => false);
      fill(shown, h("p", { class: "soft small", role: "status" }, copied ? "Copied:" : "Select and copy:"), commandLine(command));
    }

    /** @param {Run} run */
    async function drawStory(run) {
      const warnings = run.warnings.map(({ message }) => h("p", { class: "notice" }, message));
      const said = verdict(run);
      if (!said) return fill(story, warnings);
      const log = h("pre", { class: "log", tabindex: 0, "aria-label": "Last lines of the log" });
      fill(
        story,
        warnings,
        h("div", { class: "notice bad verdict", "data-verdict": said.word.toLowerCase() },
          h("p", {}, h("b", {}, said.word), said.code && h("code", {}, said.code)),
          said.says && h("p", {}, said.says),
          h("p", { class: "advice" }, said.advice)),
        log,
      );
      const { log_tail: lines = [] } = await api.run(id).catch(() => ({ log_tail: undefined }));
      log.hidden = !lines.length;
      fill(log, lines.join("\n"));
    }

    return {
      box,
      /** @param {Run} run */
      update(run) {
        const on = run.id === state.now.run;
        box.classList.toggle("on", on);
        box.dataset.state = run.state;
        open.setAttribute("aria-current", `${on}`);
        name.textContent = run.name;
        name.title = run.name;
        score.textContent = run.accuracy === null ? "" : percent(run.accuracy);
        score.title = run.accuracy === null ? "" : "Probe accuracy of the top layer at the last analysed epoch";
        fill(about, describe(run));
        small.element.hidden = on && live(run);
        small.update(run);
        more.hidden = !on;
        if (!on) return;
        large.update(run);
        const said = JSON.stringify([run.error, run.stalled, run.warnings]);
        const wanted = `${run.state} ${run.attempt} ${said}`;
        if (wanted === told) return;
        told = wanted;
        drawActions(run);
        void drawStory(run);
      },
    };
  }

  /** @param {Run} run */
  function describe(run) {
    const { config } = run;
    const words = [run.dataset.replace(/-[0-9a-f]{8}$/, ""), `${config.encoder}`];
    if (run.model) words.push(`imported from ${run.model.family}`);
    else words.push(live(run) ? run.state : counted(Number(config.epochs), "epoch"));
    if (["failed", "stopped", "interrupted"].includes(run.state)) words.push(run.state);
    if (live(run) && run.stalled) words.push("stalled");
    if (run.shipped) words.push("shipped");
    return words.join(" · ");
  }

  /** Undo a deletion. @param {import("../types.js").Deleted} run */
  async function undo({ id }) {
    try {
      await runs.restore(id);
      state.set({ run: id });
    } catch (error) {
      fill(notice, h("p", { class: "notice bad" }, /** @type {Error} */ (error).message));
    }
  }

  let trash = "";
  function drawDeleted() {
    const wanted = runs.deleted.map(({ id }) => id).join(" ");
    if (wanted === trash) return;
    trash = wanted;
    fill(gone, runs.deleted.map((run) => h("li", { class: "notice between", "data-deleted": run.id },
      h("span", { class: "run-name", title: run.name }, `Deleted ${run.name}`),
      h("button", { class: "quiet accent", title: "Bring it back; it goes for good ten minutes after it was deleted", onclick: () => undo(run) }, "Undo"))));
  }

  function draw() {
    drawDeleted();
    fill(
      notice,
      runs.failure && h("p", { class: "notice bad" }, runs.failure.message),
      !runs.loaded && !runs.failure && [h("div", { class: "bone" }), h("div", { class: "bone short" })],
      runs.loaded && !runs.list.length && h("p", { class: "notice" }, "No run yet."),
    );
    const boxes = runs.list.map((run) => {
      let held = items.get(run.id);
      if (!held) items.set(run.id, (held = item(run.id)));
      held.update(run);
      return held.box;
    });
    const same = boxes.length === list.children.length && boxes.every((box, i) => list.children[i] === box);
    if (!same) fill(list, boxes);
    for (const id of items.keys()) if (!runs.get(id)) items.delete(id);
  }

  runs.on(draw);
  state.on(["run"], draw);
  draw();
  return element;
}
