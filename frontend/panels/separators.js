// The units of each layer that tell the selected images from all the others.

import { createAsking } from "../asking.js";
import { box } from "../patch.js";
import { counted, decimal, shortLayer } from "../text.js";
import { fill, h } from "../dom.js";
import { imageAddress } from "../api.js";

const SHOWN = 6; // units a layer
const PAUSE = 200; // milliseconds in which the selection does not change

/** @param {import("../types.js").Page} page */
export function separators({ state, scene, api }) {
  const element = h("section", { class: "card", id: "separators", "aria-label": "Units that separate the selection", hidden: true });
  const body = h("div", { class: "block" });
  /** @type {import("../types.js").Separation|null} */
  let found = null;
  const asking = createAsking();

  const wanted = () => state.now.separate === "yes" && scene.layers !== null && state.now.selection.length > 1;

  function draw() {
    element.hidden = !wanted();
    if (element.hidden) {
      asking.drop();
      found = null;
      fill(body);
      return fill(element);
    }
    if (!element.contains(body)) {
      fill(element, h("div", { class: "card-head" }, h("h2", {}, "Units that separate them"), h("span", { class: "gap" }),
        h("button", { class: "quiet", onclick: () => state.set({ separate: "no" }) }, "Close")), body);
      if (!found) fill(body, h("div", { class: "bone" }));
    }
    const layers = /** @type {import("../types.js").Seen} */ (scene.layers);
    const selection = state.now.selection.filter((id) => scene.place(id) >= 0);
    const question = () => api.separating(layers.run, layers.epoch, selection);
    asking.ask(`${layers.stamp} ${selection}`, question, (reply, error) => {
      found = reply;
      if (error) fill(body, h("p", { class: "notice", role: "status" }, error.message));
      else show();
    }, found ? PAUSE : 0);
  }

  function show() {
    if (!found) return;
    fill(
      body,
      h("p", { class: "soft small" }, `${counted(found.inside, "image")} against ${counted(found.outside, "other")}. Above 0: stronger for the selected.`),
      h("div", { class: "separating" }, found.layers.map(row)),
      h("details", { class: "definitions" }, h("summary", {}, "How this is measured"), h("p", {}, found.definition)),
    );
  }

  /** @param {{layer: number, units: import("../types.js").Separating[]}} of */
  function row({ layer, units }) {
    return h("div", { class: `separating-row ${layer === state.now.layer ? "on" : ""}`, "data-layer": layer },
      h("span", { class: "soft name", title: scene.layerName(layer) }, shortLayer(scene.layerName(layer))),
      h("div", { class: "separating-tiles" }, units.slice(0, SHOWN).map((unit) => tile(layer, unit))));
  }

  /** @param {number} layer @param {import("../types.js").Separating} of */
  function tile(layer, { unit, dprime, image, row: line, column }) {
    const layers = /** @type {import("../types.js").Layers} */ (scene.layers);
    const value = `${dprime > 0 ? "+" : ""}${decimal(dprime)}`;
    const says = `Unit ${unit} of ${scene.layerName(layer)}, d′ ${value} of the selected images against the others`;
    const now = state.now.layer === layer && state.now.unit === unit;
    return h(
      "button",
      {
        class: `separating-tile ${now ? "on" : ""}`, "data-unit": unit, "aria-label": says, title: says,
        onclick: () => state.set({ layer, unit, colour: "unit" }),
      },
      image < 0
        ? h("span", { class: "tile-picture none" }, "silent")
        : h("img", {
          class: "pixels", alt: "", width: 36, height: 36, loading: "lazy",
          src: imageAddress(layers, image, 64, box(layers, layers.layers[layer].spans, line, column)),
        }),
      h("span", { class: "unit-says" }, layer > 0 && h("b", {}, unit), h("span", { class: "soft" }, value)),
    );
  }

  scene.on(["maps", "selection"], draw);
  state.on(["separate"], () => {
    draw();
    if (wanted()) element.scrollIntoView({ block: "nearest" });
  });
  state.on(["layer", "unit"], () => {
    if (wanted()) show();
  });
  draw();
  return element;
}
