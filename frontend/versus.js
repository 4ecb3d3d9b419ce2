// What is compared with what: the other epoch, images in one order, and the sentence on it.

import { decimal } from "./text.js";

/** @typedef {import("./types.js").Points} Points */
/** @typedef {import("./types.js").Similarities} Similarities */

/**
 * The epoch of the other checkpoint: the wanted one if it is there, else the last of another run,
 * and of the same run the first, or the last where the first is in view.
 * @param {number[]} analysed epochs of the other run, ascending
 * @param {number|null} wanted
 * @param {number|null} shown the epoch in view where it is the same run, else null
 */
export function epochBeside(analysed, wanted, shown) {
  if (wanted !== null && analysed.includes(wanted)) return wanted;
  const last = analysed[analysed.length - 1];
  return shown === null || shown === analysed[0] ? last : analysed[0];
}

/**
 * Points of other images' order in the order of `ids`; NaN for an image that has none.
 * @param {Points} points
 * @param {ArrayLike<number>} theirs ids in the order of the points
 * @param {ArrayLike<number>} ids
 * @returns {Points}
 */
export function inOrder(points, theirs, ids) {
  if (theirs.length === ids.length && Array.prototype.every.call(ids, (id, i) => id === theirs[i])) return points;
  const places = new Map(Array.from(theirs, (id, place) => [id, place]));
  const of = (/** @type {Float32Array} */ values) =>
    Float32Array.from(ids, (id) => values[places.get(id) ?? -1] ?? NaN);
  return { x: of(points.x), y: of(points.y), lacking: points.lacking };
}

/**
 * The layer of the other checkpoint that lies beside one: the wanted one if it is there, else that
 * of the same number, or the last.
 * @param {number|null} wanted
 * @param {number} layer
 * @param {number} layers how many there are, the input among them
 */
export const layerBeside = (wanted, layer, layers) =>
  Math.min(wanted !== null && wanted > 0 ? wanted : Math.max(1, layer), layers - 1);

/**
 * For each layer, which one of the other checkpoint is most like it.
 * @param {Similarities} told
 */
export function likenessSentence(told) {
  const parts = told.rows.map((name, i) => {
    const row = told.cells[i];
    const best = row.reduce((/** @type {number} */ at, { value }, j) => (value !== null && value > (row[at]?.value ?? -Infinity) ? j : at), -1);
    return best < 0 ? `${name} is like none` : `${name} is most like ${told.columns[best]} (${decimal(row[best].value)})`;
  });
  return `${parts.join("; ")}.`;
}

/**
 * Black or white, whichever is read more easily on a colour "rgb(r,g,b)": the contrast of WCAG.
 * @param {string} colour
 */
export function inkOn(colour) {
  const [r, g, b] = (colour.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#000";
}
