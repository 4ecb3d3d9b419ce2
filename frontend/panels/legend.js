// Beside the large map: the classes with how many of each are selected, the unit's colour scale,
// and how the pointer works.

import { classMark, ramp } from "../palette.js";
import { count, decimal, shortLayer } from "../text.js";
import { counts, joined } from "../selection.js";
import { extent } from "../arrays.js";
import { fill, h } from "../dom.js";
import { roving } from "../roving.js";
import { segments } from "../marks/segments.js";
import { swatch } from "../marks/swatch.js";

/** @param {import("../types.js").Page} page */
export function legend({ state, scene, theme }) {
  const scale = h("div", { class: "scale" });
  const rows = h("div", { class: "classes" });
  const tools = h("div", { class: "tools" });
  const element = h("section", { class: "legend", "aria-label": "Classes and tools" }, scale,
    h("h2", {}, "Classes"), rows, tools);
  let clicked = 0;

  /** @param {number} index */
  function toggle(index) {
    const { hidden } = state.now;
    const next = hidden.includes(index) ? hidden.filter((i) => i !== index) : [...hidden, index];
    show(next.sort((a, b) => a - b));
  }

  /** Show that class alone, or all again where it is alone already. @param {number} index */
  function solo(index) {
    const others = entries().filter((i) => i !== index);
    const alone = others.every((i) => state.now.hidden.includes(i)) && !state.now.hidden.includes(index);
    show(alone ? [] : others);
  }

  /** Hide these classes, and leave nothing selected that is hidden. @param {number[]} hidden */
  function show(hidden) {
    const { layers } = scene;
    if (!layers) return;
    const away = new Set(hidden.map((index) => (index === layers.classes.length ? -1 : index)));
    const selection = state.now.selection.filter((id) => !away.has(layers.labels[scene.place(id)]));
    state.set({ hidden, selection });
  }

  /** The rows there are: every class, and "no label" where an image has none. */
  function entries() {
    const { layers } = scene;
    if (!layers) return [];
    const all = layers.classes.map((_, i) => i);
    return layers.labels.includes(-1) ? [...all, layers.classes.length] : all;
  }

  function drawRows() {
    const { layers } = scene;
    if (!layers) return fill(rows);
    const { all, taken } = counts(layers.labels, scene.selected, layers.classes.length);
    fill(rows, entries().map((index) => {
      const none = index === layers.classes.length;
      const hidden = state.now.hidden.includes(index);
      const name = none ? "no label" : layers.classes[index];
      return h("div", { class: "class-line" }, h(
        "button",
        {
          type: "button",
          class: `class-row ${hidden ? "off" : ""}`,
          "data-class": index,
          "aria-pressed": `${!hidden}`,
          title: "Click hides or shows the class; double-click shows it alone; s selects its images",
          onclick: (/** @type {MouseEvent} */ event) => press(index, event.detail),
        },
        swatch(classMark(none ? -1 : index, theme.tone)),
        h("span", { class: "name" }, name),
        h("span", { class: "soft" }, `${count(taken[index])}/${count(all[index])}`),
      ), h(
        "button",
        {
          type: "button", class: "quiet accent take", disabled: hidden, "data-class": index, "aria-label": `Select ${name}`,
          title: "Select the images of this class; with Shift, add them", onclick: (/** @type {MouseEvent} */ event) => take(index, event.shiftKey),
        },
        "select",
      ));
    }));
  }

  /** Select the images of a class that is not hidden. @param {number} index @param {boolean} adds */
  function take(index, adds) {
    const { layers } = scene;
    if (!layers || state.now.hidden.includes(index)) return;
    const label = index === layers.classes.length ? -1 : index;
    const ids = Array.from(layers.ids).filter((_, place) => layers.labels[place] === label);
    state.set({ selection: joined(state.now.selection, ids, adds ? "add" : "replace") });
  }

  /** The second click of a pair takes back what the first did. @param {number} index @param {number} clicks */
  function press(index, clicks) {
    if (clicks === 2 && clicked === index) {
      toggle(index);
      solo(index);
    } else toggle(index);
    clicked = index;
  }

  function drawScale() {
    const { unit } = scene.focus;
    scale.hidden = !scene.tinted || !unit;
    if (!unit || scale.hidden) return fill(scale);
    const [low, high] = extent(unit.responses);
    const stops = Array.from({ length: 9 }, (_, i) => ramp(i / 8, theme.tone));
    fill(
      scale,
      h("h2", {}, "Unit ", h("span", { class: "as-is" }, shortLayer(scene.layerName(unit.layer))), ` / ${unit.unit}`),
      h("div", { class: "ramp", style: { background: `linear-gradient(to right, ${stops.join(", ")})` } }),
      h("div", { class: "pair small", title: unit.definitions.activity ?? "Mean response over the patches of an image" },
        h("span", {}, decimal(low)), h("span", { class: "soft" }, "mean response"), h("span", {}, decimal(high))),
      h("button", { type: "button", class: "button", id: "class-colour", onclick: () => state.set({ colour: "class" }) }, "Colour by class"),
    );
  }

  function drawTools() {
    fill(
      tools,
      h("h2", {}, "Drag"),
      segments("Drag", [["lasso", "Lasso"], ["pan", "Pan"]], state.now.drag, (drag) => state.set({ drag })),
      h("p", { class: "soft small" }, "Shift adds, Alt subtracts. The wheel zooms, a double-click resets."),
      h("h2", {}, "Points"),
      segments("Points", [["dots", "Dots"], ["images", "Images"]], state.now.points, (points) => state.set({ points })),
      h("button", { type: "button", class: "button wide", disabled: state.now.view === null, onclick: () => state.set({ view: null }) }, "Whole map"),
    );
  }

  scene.on(["maps", "selection", "paint"], drawRows);
  scene.on(["maps", "paint", "unit"], drawScale);
  state.on(["drag", "points", "view"], drawTools);
  rows.addEventListener("keydown", (event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest("[data-class]");
    if (!row || event.ctrlKey || event.metaKey || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    take(Number(/** @type {HTMLElement} */ (row).dataset.class), event.shiftKey);
  });
  drawTools();
  drawScale();
  roving(rows, "button:not(:disabled)");
  return element;
}
