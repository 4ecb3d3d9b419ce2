// A unit's predicted and actual responses at one step, as points and as sentences.

import { decimal } from "./text.js";
import { extent } from "./arrays.js";

/** @typedef {import("./types.js").PredictionStep} PredictionStep */

/**
 * The step k, else the first.
 * @param {PredictionStep[]} steps
 * @param {number|null} k
 */
export const stepAt = (steps, k) => steps.find((step) => step.k === k) ?? steps[0];

/**
 * Points of a scatter in a box: x the prediction, y the response, upwards.
 * @param {PredictionStep} step
 * @param {"true"|"wrong"} which futures
 * @param {{width: number, height: number, air: number}} box pixels; `air` is left free all around
 * @returns {[number, number][]}
 */
export function points(step, which, { width, height, air }) {
  const x = placed(step.prediction, air, width - air);
  const y = placed(step.true, height - air, air); // the wrong futures are others' true ones
  return Array.from(step.prediction, (told, i) => [x(told), y(step[which][i])]);
}

/** @param {Float32Array} values @param {number} from @param {number} to */
function placed(values, from, to) {
  const [low, high] = extent(values);
  return (/** @type {number} */ v) => (high > low ? from + ((to - from) * (v - low)) / (high - low) : (from + to) / 2);
}

/** The least and the greatest value, with as many digits as tell them apart. @param {Float32Array} values */
export function ends(values) {
  const [low, high] = extent(values);
  const digits = high > low ? Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(high - low)))) : 2;
  return [decimal(low, digits), decimal(high, digits)];
}

/**
 * The text alternative of the scatter.
 * @param {PredictionStep} step
 * @param {number} unit
 */
export function predictionSentence(step, unit) {
  const r = (/** @type {number|null} */ value) => (value === null ? "none" : decimal(value));
  return `Unit ${unit} at k = ${step.k}: r of prediction and response ${r(step.true_r)} for true futures, ${r(step.wrong_r)} for wrong ones.`;
}
