// One cell of the confusion matrix: its images, and the units that tell its two classes apart.

import { createAsking } from "../asking.js";
import { cellOf, imagesOf, unitsOf } from "../confusion.js";
import { counted, decimal } from "../text.js";
import { fill, h } from "../dom.js";
import { thumb } from "../marks/thumb.js";
import { unitFace, unitSentence } from "../marks/unitface.js";
import { usualMost } from "../figures.js";

/** @typedef {import("../types.js").Answers} Answers */

const IMAGES = 60; // that are shown
const UNITS = 12;

/** A weight to the digits that are kept of it, three. @param {number} weight */
const shown = (weight) => decimal(weight, Math.abs(weight) >= 4 ? 1 : 2);

/** @param {import("../types.js").Page} page */
export function mixup(page) {
  const { state, scene, api, atlas, theme } = page;
  const element = h("section", { class: "mixup", id: "mixup", "aria-label": "A cell of the confusion matrix", hidden: true });
  /** @type {Answers|null} */
  let told = null;
  /** @type {Error|null} */
  let error = null;
  const asking = createAsking();
  let fresh = false; // the cell was chosen just now, and what it opens has yet to be seen

  /** The cell that is chosen, or null. */
  const cell = () => cellOf(state.now.cell, scene.layers?.classes.length ?? 0);

  function load() {
    const { layers } = scene;
    const { layer, tab } = state.now;
    if (tab !== "probes" || !layers || !cell()) return draw();
    const question = () => api.answers(layers.run, layer, layers.epoch);
    const asked = asking.ask(`${layers.stamp} ${layer}`, question, (found, failed) => {
      [told, error] = [found, failed];
      draw();
    });
    if (asked) [told, error] = [null, null];
    else draw();
  }

  /** Images of the cell, once they are known. */
  function images() {
    const [layers, at] = [scene.layers, cell()];
    return layers && at && told?.predicted ? imagesOf(layers.ids, layers.labels, told.predicted, at[0], at[1]) : null;
  }

  function draw() {
    const [layers, at] = [scene.layers, cell()];
    element.hidden = !layers || !at;
    if (!layers || !at || state.now.tab !== "probes") return;
    const [truth, answer] = at.map((i) => layers.classes[i]);
    const title = truth === answer ? `${truth}, named rightly` : `${truth} taken for ${answer}`;
    const found = images();
    fill(
      element,
      h("div", { class: "compare-head" }, h("h2", {}, title), h("span", { class: "soft" }, scene.layerName(state.now.layer)),
        found && h("span", {}, counted(found.length, "image")),
        found?.length ? h("button", { class: "button", onclick: () => state.set({ selection: found }) }, "Select these") : null,
        h("button", { class: "quiet", onclick: () => state.set({ cell: [] }) }, "Close")),
      error ? h("p", { class: "notice bad" }, error.message) : told?.reason ? h("p", { class: "notice" }, told.reason) : null,
      found && h("div", { class: "thumbs" }, found.slice(0, IMAGES).map((id) => thumb(page, id)),
        found.length > IMAGES && h("span", { class: "soft small" }, `and ${found.length - IMAGES} more`)),
      units(layers, at),
    );
    if (fresh && (told || error)) reveal();
  }

  /** As much as there is room for below the cell that was chosen; its head and first images in any case. */
  function reveal() {
    fresh = false;
    element.scrollIntoView({ block: "nearest" });
    document.querySelector(".matrix [aria-current=true]")?.scrollIntoView({ block: "nearest" });
    element.firstElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** @param {import("../types.js").Layers} layers @param {[number, number]} at */
  function units(layers, [truth, answer]) {
    const [all, { layer }] = [scene.focus.units, state.now];
    if (!told?.weights) {
      return told && !told.reason && layer === 0 ? h("p", { class: "soft small" }, "The input has pixels and no units.") : null;
    }
    if (!all) return h("div", { class: "bone" });
    const most = usualMost(all);
    const [one, other] = [layers.classes[truth], layers.classes[answer]];
    const rows = unitsOf(told.weights, layers.classes.length, truth, answer, UNITS);
    return [
      h("h3", {}, truth === answer ? `Units with the largest weights for ${one}` : "Units with the largest weights"),
      h("div", { class: "tiles few wide" }, rows.map(({ unit, weight }) => h(
        "button",
        { class: "tile", "data-unit": unit, "aria-label": `${unitSentence(all, unit)}; weight ${shown(weight)}`,
          onclick: () => state.set({ unit, colour: "unit" }) },
        unitFace(layers, all, unit, shown(weight), most, theme.tone),
      ))),
      h("p", { class: "soft small" }, truth === answer
        ? `The classifier's weight for ${one} on the unit's standardised image feature; the largest by size first. Above zero the unit speaks for ${one}.`
        : `The classifier's weight for ${other} less that for ${one} on the unit's standardised image feature; the largest by size first. Above zero the unit speaks for ${other}, below for ${one}.`),
    ];
  }

  scene.on(["maps"], load);
  scene.on(["units"], draw);
  state.on(["tab", "layer", "cell"], (changed) => {
    if (changed.has("cell")) fresh = true;
    load();
  });
  theme.on(draw);
  atlas.on(draw);
  return element;
}
