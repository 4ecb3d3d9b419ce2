// Beside the large map: what the points are coloured by, the classes with how many of each are
// selected, and how the pointer and the points work.

import { SIZES } from "../state.js";
import { categories } from "../marks/categories.js";
import { classMark, ramp } from "../palette.js";
import { colourPick } from "../marks/colourpick.js";
import { fill, h, refill } from "../dom.js";
import { joined } from "../selection.js";
import { lostSentence } from "../lost.js";
import { markOf, short } from "../colourings.js";
import { segments } from "../marks/segments.js";
import { shownPoints } from "../groups.js";

/** @param {import("../types.js").Page} page */
export function legend({ state, scene, theme }) {
  const scale = h("div", { class: "scale" });
  const own = categories("category", {
    hide: (off) => hide({ off }),
    take: (value, adds) => take(scene.tint.colouring?.values ?? [], value, adds),
  });
  const classes = categories("class", {
    hide: (hidden) => hide({ hidden }),
    take: (value, adds) => take(scene.layers?.labels ?? [], value, adds),
  });
  const tools = h("div", { class: "tools" });
  const lost = h("div", { class: "lost" });
  const size = h("output", { class: "soft" });
  const slider = h("input", {
    type: "range", id: "size", min: SIZES.least, max: SIZES.most, step: SIZES.step,
    oninput: () => state.set({ size: Number(slider.value) }),
  });
  const sizes = h("label", { class: "size" }, h("span", { class: "soft" }, "Size"), slider, size);
  const element = h("section", { class: "legend", "aria-label": "Classes and tools" },
    h("div", { class: "listed" }, scale, own.element, h("h2", {}, "Classes"), classes.element), tools, sizes, lost);

  /** Hide these, and leave nothing selected that is hidden. @param {{hidden?: number[], off?: number[]}} what */
  function hide(what) {
    const { layers } = scene;
    if (!layers) return;
    const { hidden, off } = { ...state.now, ...what };
    const left = shownPoints(layers.labels, hidden, layers.classes.length);
    const { colouring } = scene.tint;
    const seen = colouring?.names.length ? shownPoints(colouring.values, off, colouring.names.length) : left;
    const selection = state.now.selection.filter((id) => {
      const place = scene.place(id);
      return left[place] && seen[place];
    });
    state.set({ ...what, selection });
  }

  /** Select the shown images with that value. @param {ArrayLike<number>} values @param {number} value @param {boolean} adds */
  function take(values, value, adds) {
    const { layers, shown } = scene;
    if (!layers) return;
    const ids = Array.from(layers.ids).filter((_, place) => shown[place] && values[place] === value);
    state.set({ selection: joined(state.now.selection, ids, adds ? "add" : "replace") });
  }

  function drawRows() {
    const { layers, selected } = scene;
    const { colouring } = scene.tint;
    const { hidden, off } = state.now;
    own.element.hidden = !colouring?.names.length;
    own.show(colouring?.names.length ? {
      names: colouring.names, none: colouring.word === "right" ? "no label" : "no value", values: colouring.values,
      selected, off, mark: (value) => markOf(colouring, value, theme.tone),
    } : null);
    classes.show(layers && {
      names: layers.classes, none: "no label", values: layers.labels, selected, off: hidden,
      mark: (value) => (colouring ? null : classMark(value, theme.tone)),
    });
  }

  function drawScale() {
    const { colouring, refusal, remarks } = scene.tint;
    refill(
      scale,
      h("label", { class: "pick only-narrow" }, h("span", { class: "soft" }, "colour"), colourPick({ state, scene }, "legend-colour")),
      refusal && h("p", { class: "notice", role: "alert" }, refusal),
      colouring && h("h2", { title: colouring.about }, h("span", { class: "as-is" }, colouring.title, colouring.word === "unit" && ", mean response")),
      colouring && !colouring.names.length && ramped(colouring),
      remarks.map((remark) => h("p", { class: "notice small" }, remark)),
    );
  }

  /** @param {import("../colourings.js").Colouring} colouring */
  function ramped({ low, high, values, about }) {
    const stops = Array.from({ length: 9 }, (_, i) => ramp(i / 8, theme.tone));
    const none = Array.from(values).filter(Number.isNaN).length;
    return [
      h("div", { class: "pair small", title: about },
        short(low), h("div", { class: "ramp", style: { background: `linear-gradient(to right, ${stops.join(", ")})` } }), short(high)),
      none > 0 && h("p", { class: "soft small" }, `Grey: ${none} without a value.`),
    ];
  }

  function drawTools() {
    fill(
      tools,
      h("div", { class: "tool" }, h("span", { class: "soft" }, "Drag"),
        segments("Drag", [["lasso", "Lasso"], ["rectangle", "Rectangle"], ["pan", "Pan"]], state.now.drag, (drag) => state.set({ drag }))),
      h("p", { class: "soft small", title: "The wheel zooms, a double-click resets" }, "Shift adds, Alt subtracts."),
      h("div", { class: "tool", title: "Auto: images where few enough are in view to find room" }, h("span", { class: "soft" }, "Points"),
        segments("Points", [["auto", "Auto"], ["dots", "Dots"], ["images", "Images"]], state.now.points, (points) => state.set({ points }))),
    );
    slider.value = `${state.now.size}`;
    size.textContent = `${state.now.size} %`;
  }

  function drawLost() {
    const map = scene.maps[state.now.layer];
    const marked = state.now.lost === "marked";
    lost.hidden = Boolean(scene.layers?.layers[state.now.layer]?.missing.includes("embedding"));
    const told = scene.layers && map ? lostSentence(map.kept, scene.shown, scene.layers.run) : "";
    fill(
      lost,
      h("label", { class: "check" },
        h("input", {
          type: "checkbox", id: "lost", checked: marked, disabled: !map?.kept,
          onchange: (/** @type {Event} */ event) => state.set({ lost: /** @type {HTMLInputElement} */ (event.target).checked ? "marked" : "plain" }),
        }),
        "Mark lost neighbours"),
      (marked || !map?.kept) && h("p", { class: "soft small", id: "lost-says" }, told),
    );
  }

  scene.on(["maps", "selection", "paint"], drawRows);
  scene.on(["maps", "paint", "unit"], drawScale);
  state.on(["unit", "layer", "colour"], drawScale);
  scene.on(["maps", "paint"], drawLost);
  state.on(["lost", "layer"], drawLost);
  state.on(["drag", "points", "size"], drawTools);
  drawTools();
  drawScale();
  drawLost();
  return element;
}
