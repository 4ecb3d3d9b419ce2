// What the checkpoint in view is compared with: another run, or another epoch of its own.

import { fill, h, refill } from "../dom.js";

/** @param {import("../types.js").Both} page */
export function versus({ state, scene, runs, beside }) {
  const notice = h("p", { class: "notice" });
  const head = h("div", { class: "compare-head" });
  const element = h("section", { "aria-label": "What is compared", id: "versus-head" }, head, notice);

  /** @param {Event} event */
  const value = (event) => /** @type {HTMLSelectElement} */ (event.target).value;

  function draw() {
    if (state.now.tab !== "compare") return;
    const [goal, other] = [scene.target(), beside.target()];
    const others = runs.list.filter((run) => run.analysed.length && run.id !== goal?.run.id);
    const own = goal && goal.run.analysed.length > 1 ? goal.run : null;
    const none = own || others.length ? "nothing" : "no other analysed run";
    refill(
      head,
      h("h2", {}, "Two checkpoints"),
      h("span", {}, goal ? `${goal.run.name}, epoch ${goal.epoch}` : "no analysed run is in view"),
      goal && h("label", { class: "pick" }, h("span", { class: "soft" }, "versus"), h(
        "select",
        { id: "versus", disabled: !own && !others.length, onchange: (/** @type {Event} */ e) => state.set({ versus: value(e) || null }) },
        h("option", { value: "", selected: !other }, none),
        own && h("option", { value: own.id, selected: other?.run === own.id }, "another epoch of this run"),
        others.map((run) => h("option", { value: run.id, selected: run.id === other?.run }, `${run.name} · ${run.config.rule ?? run.model?.name}`)),
      )),
      other && h("label", { class: "pick" }, h("span", { class: "soft" }, "epoch"), h(
        "select",
        { id: "versus-epoch", onchange: (/** @type {Event} */ e) => state.set({ versus_epoch: Number(value(e)) }) },
        beside.chosen()?.analysed.map((epoch) => h("option", { value: epoch, selected: epoch === other.epoch }, epoch)) ?? [],
      )),
    );
    fill(notice, beside.notice ?? "");
  }

  runs.on(draw);
  beside.on(draw);
  scene.on(["maps"], draw);
  state.on(["tab", "versus", "versus_epoch", "run", "epoch"], draw);
  draw();
  return element;
}
