// The selection in a line: how many images of which classes, and the ways out of it.

import { counted, count } from "../text.js";
import { counts } from "../selection.js";
import { csv } from "../table.js";
import { fill, h } from "../dom.js";

/** @param {import("../types.js").Page} page */
export function chosen({ state, scene }) {
  const element = h("div", { class: "chosen", "aria-live": "polite" });

  function draw() {
    const { layers } = scene;
    const { selection } = state.now;
    element.dataset.selected = `${selection.length}`;
    if (!layers || !selection.length) {
      return fill(element, layers && h("span", { class: "soft" }, "Draw around points in any map to select images in all of them."));
    }
    const strange = selection.filter((id) => scene.place(id) < 0).length;
    const { taken } = counts(layers.labels, scene.selected, layers.classes.length);
    const parts = taken
      .map((n, i) => ({ n, name: layers.classes[i] ?? "no label" }))
      .filter(({ n }) => n)
      .sort((a, b) => b.n - a.n);
    const told = parts.slice(0, 4).map(({ n, name }) => `${name} ${count(n)}`);
    if (parts.length > 4) told.push(`${parts.length - 4} more ${parts.length === 5 ? "class" : "classes"}`);
    if (strange) told.push(`${count(strange)} not among the images of this run`);
    fill(
      element,
      h("span", {}, h("b", {}, counted(selection.length, "image")), " selected"),
      h("span", { class: "soft parts" }, told.join(" · ")),
      selection.length > 1 && h("button", {
        class: "quiet accent", id: "separate", "aria-pressed": `${state.now.separate === "yes"}`,
        onclick: () => state.set({ separate: state.now.separate === "yes" ? "no" : "yes" }),
      }, "Units that separate them"),
      h("button", { class: "quiet accent", onclick: save }, "Save ids"),
      h("button", { class: "quiet", id: "clear", onclick: () => state.set({ selection: [] }) }, "Clear ", h("kbd", {}, "Esc")),
    );
  }

  /** A CSV file of the selected images. */
  function save() {
    const { layers } = scene;
    if (!layers) return;
    const rows = state.now.selection.map((id) => [id, scene.className(scene.place(id))]);
    const address = URL.createObjectURL(new Blob([csv([{ says: "image" }, { says: "class" }], rows)], { type: "text/csv" }));
    h("a", { href: address, download: `${layers.run}-selection.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  scene.on(["maps", "selection"], draw);
  state.on(["separate"], draw);
  return element;
}
