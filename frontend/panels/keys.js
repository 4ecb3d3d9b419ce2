// The cheat sheet of what `keyboard.js`, the legend and the maps do by keys and the pointer.

import { h } from "../dom.js";
import { sheet } from "../marks/sheet.js";
import { standalone } from "../standalone.js";

const KEYS = [
  { shown: ["↑", "↓"], does: "layer up, layer down" },
  { shown: ["←", "→"], does: "unit before, unit after, in the order of the grid" },
  { shown: [",", "."], does: "epoch before, epoch after" },
  { shown: ["Space"], does: "play the epochs, or pause" },
  { shown: ["1", "2", "3", "4", "5"], does: "Map, Neurons, Probes, Learning, Compare" },
  { shown: ["c"], does: "colour by class or by the unit" },
  ...(standalone ? [] : [{ shown: ["n"], does: "new run" }]),
  { shown: ["/"], does: "find an image, unit, class, layer, epoch or run" },
  { shown: ["Ctrl", "Z"], does: "undo a change of selection, classes, categories, filter or pinned image" },
  { shown: ["Shift", "Ctrl", "Z"], does: "redo it" },
  { shown: ["e"], does: "export pictures, tables, images" },
  { shown: ["Esc"], does: "one step back: dialog, selection, unit, pinned image, tab, zoom" },
  { shown: ["s"], does: "on a class of the legend: select its images; Shift adds them" },
  { shown: ["Shift", "arrows"], does: "on the map (Tab comes to it): span a rectangle; arrows alone move the cursor, with Ctrl in small steps" },
  { shown: ["Enter"], does: "on the map: select what is spanned, or pin the image under the cursor; Shift adds, Alt subtracts, Esc lets go" },
  { shown: ["+", "−"], does: "on the map: zoom at the cursor" },
  { shown: ["?"], does: "this list" },
  { shown: ["Shift", "drag"], does: "add to the selection" },
  { shown: ["Alt", "drag"], does: "take from the selection" },
  { shown: ["wheel"], does: "on the map: zoom at the pointer; a double-click shows the whole map" },
  { shown: ["click"], does: "on a class of the legend: hide or show it; a double-click shows it alone" },
];

/** @param {import("../types.js").Page} page */
export const keys = (page) => sheet(page, { word: "keys", id: "keys", title: "Keys" },
  h("dl", { class: "keys" }, KEYS.map(({ shown, does }) => [
    h("dt", {}, shown.map((key) => h("kbd", {}, key))), h("dd", {}, does),
  ]).flat()));
