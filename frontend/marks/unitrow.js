// Some units of a layer in a row: the strongest patch of each, its number and a figure.

import { box } from "../patch.js";
import { h } from "../dom.js";
import { imageAddress } from "../api.js";
import { shortLayer } from "../text.js";

/** @typedef {{unit: number, image: number, row: number, column: number}} Listed */

export const SHOWN = 5;

/**
 * @template {Listed} U
 * @param {import("../types.js").Page} page
 * @param {{layer: number, name: string, run?: string, layers: import("../types.js").Layers|null, units: U[],
 *   figure: (one: U) => string, says: string, none: string, onclick: (unit: number) => void}} what
 *   `layers` are those of the units' run; `says` is what the figure is called
 */
export function unitRow({ scene, tip }, { layer, name, run, layers, units, figure, says, none, onclick }) {
  const short = shortLayer(name);
  const spans = layers?.layers[layer]?.spans;

  /** @param {U} one */
  function tile(one) {
    const words = `Unit ${one.unit} of ${name}, ${says} ${figure(one)}`;
    return h(
      "button",
      { class: "unit-tile", "data-unit": one.unit, title: words, "aria-label": words,
        onclick: () => {
          tip.ring(-1);
          onclick(one.unit);
        },
        onpointerenter: () => tip.ring(scene.place(one.image)),
        onpointerleave: () => tip.ring(-1) },
      layers && spans && one.image >= 0
        ? h("img", { class: "pixels", alt: "", loading: "lazy", src: imageAddress(layers, one.image, 64, box(layers, spans, one.row, one.column)) })
        : h("span", { class: "tile-picture none" }, "–"),
      h("span", { class: "unit-says" }, h("b", {}, one.unit), h("span", { class: "soft" }, figure(one))),
    );
  }

  return h(
    "div",
    { class: `unit-row ${short.length > 5 ? "named" : ""}`, "data-layer": layer, "data-run": run },
    h("span", { class: "soft name", title: name }, short),
    units.length ? h("div", { class: "unit-tiles" }, units.slice(0, SHOWN).map(tile)) : h("span", { class: "soft small" }, none),
  );
}
