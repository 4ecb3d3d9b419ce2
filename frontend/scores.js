// What the learning of a layer comes to at one prediction step, as numbers, paths and sentences.

import { decimal, percent } from "./text.js";

/** @typedef {import("./types.js").Learning} Learning */
/** @typedef {import("./types.js").LayerLearning} LayerLearning */

/** The prediction steps there are to choose from, beside all together. @param {Learning} told */
export const stepsOf = (told) =>
  (told.layers[0]?.steps ?? []).flatMap((step) => (step.k === null ? [] : [step.k]));

/**
 * The figures of step k; all together where there is no such step.
 * @template {import("./types.js").Step} S
 * @param {{steps: S[]}} layer
 * @param {number|null} k
 * @returns {S}
 */
export const atStep = (layer, k) => layer.steps.find((step) => step.k === k) ?? layer.steps[0];

/** Both kinds of gate count alike. @param {import("./types.js").Step} step */
export const openGates = (step) =>
  step.true_gate === null || step.wrong_gate === null ? null : (step.true_gate + step.wrong_gate) / 2;

/**
 * A figure of each layer over epochs; null where an epoch has none.
 * @param {Learning} told
 * @param {number|null} k
 * @param {(step: import("./types.js").Step) => number|null} figure
 */
export function overEpochs(told, k, figure) {
  return told.layers.map(({ layer }) => ({
    layer,
    values: told.by_epoch.map((row) => {
      const there = row.layers.find((other) => other.layer === layer);
      return there ? figure(atStep(there, k)) : null;
    }),
  }));
}

const BEYOND = 0.01; // of a histogram, at either end of the axis
const LEAST = 1.5; // scores up to this size are always on it, so that the margin is

/**
 * The scores between which the histograms of all layers are drawn, so that layers can be compared:
 * of no layer and step lie more than BEYOND of the true or of the wrong futures below or above.
 * @param {{edges: number[], steps: {true: number[], wrong: number[]}[]}[]} layers
 * @returns {[number, number]}
 */
export function axisOf(layers) {
  let [low, high] = [-LEAST, LEAST];
  for (const { edges, steps } of layers) {
    for (const counts of steps.flatMap((step) => [step.true, step.wrong])) {
      const few = BEYOND * counts.reduce((a, b) => a + b, 0);
      low = Math.min(low, edges[first(counts, few)]);
      high = Math.max(high, edges[counts.length - first([...counts].reverse(), few)]);
    }
  }
  return [low, high];
}

/** The first bin up to which more than a few are counted. @param {number[]} counts @param {number} few */
function first(counts, few) {
  let sum = 0;
  return Math.max(0, counts.findIndex((n) => (sum += n) > few));
}

/**
 * The outline of a histogram, as a path that closes on the ground.
 * @param {number[]} counts
 * @param {number[]} edges
 * @param {{width: number, height: number, most: number, axis: [number, number]}} box `most`: the share
 *   that reaches the top; `axis`: the scores at its sides
 */
export function outline(counts, edges, { width, height, most, axis: [low, high] }) {
  const all = Math.max(1, counts.reduce((a, b) => a + b, 0));
  const x = (/** @type {number} */ v) => ((width * (v - low)) / (high - low)).toFixed(2);
  const y = (/** @type {number} */ n) => (height * (1 - n / all / most)).toFixed(2);
  const steps = counts.map((n, i) => `V${y(n)}H${x(edges[i + 1])}`);
  return `M${x(edges[0])} ${height}${steps.join("")}V${height}Z`;
}

/** The largest share of one bin among several histograms. @param {number[][]} histograms */
export const tallest = (histograms) =>
  Math.max(...histograms.map((counts) => Math.max(...counts) / Math.max(1, counts.reduce((a, b) => a + b, 0)))) || 1;

/**
 * Scores written under a histogram, with their place from 0 to 1: its ends, and what is given
 * where that leaves room.
 * @param {[number, number]} axis
 * @param {number[]} wanted
 */
export function marksOf([low, high], wanted) {
  const at = (/** @type {number} */ v) => (v - low) / (high - low);
  const ends = [low, high].filter((v) => wanted.every((w) => Math.abs(at(v) - at(w)) > 0.16));
  return [...wanted.filter((v) => v >= low && v <= high), ...ends]
    .sort((a, b) => a - b)
    .map((v) => ({ says: v > 0 ? `+${decimal(v, Number.isInteger(v) ? 0 : 1)}` : decimal(v, Number.isInteger(v) ? 0 : 1), at: at(v) }));
}

/**
 * One sentence on a layer: the text alternative of its histogram.
 * @param {LayerLearning} layer
 * @param {number|null} k
 * @param {string} [name] what its run calls it
 */
export function scoreSentence(layer, k, name = `Layer ${layer.layer}`) {
  const step = atStep(layer, k);
  const gates = step.true_gate === null
    ? ""
    : `; open gates ${percent(step.true_gate)} of the true, ${percent(step.wrong_gate)} of the wrong`;
  return `${name}, ${step.k === null ? "all steps" : `k = ${step.k}`}: true futures score ${decimal(step.true_mean)} on average, wrong ones ${decimal(step.wrong_mean)}; loss on fresh views ${decimal(step.loss, 3)}${gates}.`;
}

/** A distance between two derivations, as "2.4e-5". @param {number|null} gap */
export const scientific = (gap) => (gap === null ? "–" : gap.toExponential(1).replace("-", "−"));

/** A distance that there is, though it may have no number. @param {number|null} gap */
export const finite = (gap) => (gap === null ? "not finite" : scientific(gap));

/** A cosine with its sign. @param {number|null} cosine */
export const signed = (cosine) => (cosine === null ? "–" : `${cosine > 0 ? "+" : ""}${decimal(cosine)}`);
