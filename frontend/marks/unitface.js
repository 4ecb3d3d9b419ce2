// The face of a unit on a tile: its strongest patch, its d' for each class, its number.

import { box } from "../patch.js";
import { classColumns } from "./classbars.js";
import { decimal, percent } from "../text.js";
import { dprimeOf } from "../figures.js";
import { h } from "../dom.js";
import { imageAddress } from "../api.js";

/** @typedef {import("../types.js").Units} Units */

/**
 * @param {import("../types.js").Layers} layers
 * @param {Units} units
 * @param {number} unit
 * @param {string} value a number to show beside the unit's own
 * @param {number} most the d' that fills the height of the columns
 * @param {import("../palette.js").Tone} tone
 */
export function unitFace(layers, units, unit, value, most, tone) {
  const { image, row, column } = units.top;
  const values = dprimeOf(units, unit);
  return [
    units.silent[unit]
      ? h("span", { class: "tile-picture none" }, "silent")
      : h("img", {
        class: "tile-picture pixels", alt: "", width: 52, height: 52,
        src: imageAddress(layers, image[unit], 64, box(layers, layers.layers[units.layer].spans, row[unit], column[unit])),
      }),
    values && classColumns(values, most, tone),
    unitName(unit, value),
  ];
}

/** @param {number} unit @param {string} value a number to show beside the unit's own */
export const unitName = (unit, value) => h("span", { class: "tile-name" }, `${unit}`, h("span", { class: "soft" }, value));

/** @param {Units} units @param {number} unit */
export function unitSentence(units, unit) {
  const best = units.best_class?.[unit] ?? -1;
  const likes = best < 0 ? "" : `, prefers ${units.classes[best]}, d′ ${decimal(units.best_dprime?.[unit])}`;
  return `Unit ${unit}${likes}, active on ${percent(units.active[unit])} of patches`;
}
