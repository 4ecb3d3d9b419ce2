// The runs: what was trained, how far it is, and what can be done with it.

import { fill, h } from "../dom.js";
import { live } from "../runs.js";
import { counted, percent } from "../text.js";
import { progress } from "../marks/progress.js";

/** @typedef {import("../types.js").Run} Run */

/** @param {import("../types.js").Page} page */
export function gallery({ state, runs, api }) {
  const list = h("ul", { class: "runs" });
  const notice = h("div", {});
  const element = h(
    "aside",
    { class: "gallery", id: "runs", "aria-label": "Runs" },
    h("div", { class: "card-head" }, h("h2", {}, "Runs"), h("span", { class: "gap" }),
      h("button", { type: "button", class: "button primary", id: "new-run", onclick: () => state.set({ dialog: "new" }) }, "New run")),
    notice,
    list,
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
    const actions = h("div", { class: "actions" });
    const more = h("div", { class: "run-more" }, large.element, story, actions);
    const open = h("button", { type: "button", class: "run-open", onclick: () => state.set({ run: id, dialog: null }) },
      h("span", { class: "between" }, name, score), about, small.element);
    const box = h("li", { class: "run", "data-run": id }, open, more);
    let told = "";
    let confirming = false;

    /** @param {Run} run */
    function drawActions(run) {
      if (confirming) {
        return fill(
          actions,
          h("p", { class: "small" }, `Delete ${run.name} with its checkpoints and analyses?`),
          h("button", { type: "button", class: "button bad", onclick: () => act(() => runs.remove(id)) }, "Delete"),
          h("button", { type: "button", class: "button", onclick: () => ask(run, false) }, "Keep"),
        );
      }
      fill(
        actions,
        live(run) && h("button", {
          type: "button", class: "button", disabled: run.state === "stopping", onclick: () => act(() => runs.stop(id)),
        }, run.state === "stopping" ? "Stopping" : "Stop"),
        ["stopped", "failed", "interrupted"].includes(run.state) && !run.shipped
          && h("button", { type: "button", class: "button", onclick: () => act(() => runs.resume(id)) }, "Resume"),
        !run.model && h("button", { type: "button", class: "button", title: "A new run with these settings, to edit", onclick: () => state.set({ dialog: `clone ${id}` }) }, "Clone"),
        !live(run) && !run.shipped && h("button", { type: "button", class: "button", onclick: () => ask(run, true) }, "Delete"),
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

    /** @param {Run} run */
    async function drawStory(run) {
      const warnings = run.warnings.map(({ message }) => h("p", { class: "notice" }, message));
      if (!run.error) return fill(story, warnings);
      const log = h("pre", { class: "log", tabindex: 0, "aria-label": "Last lines of the log" });
      fill(story, warnings, h("p", { class: "notice bad" }, run.error.message), log);
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
        const wanted = `${run.state} ${run.attempt} ${run.error?.message} ${JSON.stringify(run.warnings)}`;
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
    if (run.shipped) words.push("shipped");
    return words.join(" · ");
  }

  function draw() {
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
