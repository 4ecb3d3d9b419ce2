// What points can be coloured by: their class, a unit's responses, what the probe answered, or a
// column of what else is known of the images.

import { byCategory, byNumber } from "./groups.js";
import { classMark, grey } from "./palette.js";
import { decimal } from "./text.js";
import { extent } from "./arrays.js";

/** @typedef {import("./types.js").Answers} Answers */
/** @typedef {import("./types.js").Column} Column */
/** @typedef {import("./types.js").Layers} Layers */
/** @typedef {import("./types.js").Unit} Unit */
/** @typedef {import("./palette.js").Tone} Tone */

/**
 * Categories have `names`, and `values` are places among them, -1 for none; numbers have none, run
 * from `low` to `high`, and NaN is none. `hues` are places among the colours of the classes.
 * @typedef {{word: string, title: string, about: string, names: string[], hues: number[],
 *   values: Int16Array|Float32Array, low: number, high: number,
 *   told: (place: number) => string}} Colouring
 * @typedef {{word: string, says: string, lacks: string|null}} Choice `lacks`: why it cannot be had
 */

/** The words of the address, and what a menu says. */
export const COLOURINGS = {
  class: "class",
  unit: "a unit",
  right: "probe right or wrong",
  confidence: "probe confidence",
};
const META = "meta.";
const WRONG = 5; // the hue of what the probe gets wrong: vermilion beside blue
export const OTHER = "other";

/** Is that text the word of a colouring? @param {string} text */
export const isColouring = (text) => Object.hasOwn(COLOURINGS, text) || (text.startsWith(META) && text.length > META.length);

/**
 * All that can be chosen, and why some cannot.
 * @param {Layers} layers
 * @param {number} layer in view
 * @param {string|null} unit the name of the unit in view
 * @param {Column[]} columns
 * @param {string} [none] why there are no columns
 * @returns {Choice[]}
 */
export function choices(layers, layer, unit, columns, none = "none with these images") {
  const { probe, answers, missing } = layers.layers[layer];
  const kept = answers ? null : `not kept; saccade analyse ${layers.run}`;
  const probed = probe ? kept : missing.includes("probes") ? "not made yet" : layers.no_probe ?? "unreadable";
  const own = columns.map((column) => ({
    word: META + column.name,
    says: column.name,
    lacks: known(column) ? null : "no value here",
  }));
  return [
    { word: "class", says: COLOURINGS.class, lacks: null },
    { word: "unit", says: unit ? `unit ${unit}` : COLOURINGS.unit, lacks: unit ? null : "open one first" },
    { word: "right", says: COLOURINGS.right, lacks: probed },
    { word: "confidence", says: COLOURINGS.confidence, lacks: probed },
    ...(own.length ? own : [{ word: META, says: "metadata", lacks: none }]),
  ];
}

/** @param {Column} column */
const known = ({ words, values }) => values.some((/** @type {number} */ v) => (words.length ? v >= 0 : !Number.isNaN(v)));

/** @param {Unit} unit @param {string} name @returns {Colouring} */
export function ofUnit(unit, name) {
  const [low, high] = extent(unit.responses);
  return {
    word: "unit", title: `Unit ${name}`, names: [], hues: [], values: unit.responses, low, high,
    about: unit.definitions.activity ?? "Mean response over the patches of an image",
    told: (place) => `response ${decimal(unit.responses[place])}`,
  };
}

/**
 * Whether the probe names the class that an image has, or how surely it names one.
 * @param {"right"|"confidence"} word
 * @param {Answers & {predicted: Int16Array, confidence: Float32Array}} answers
 * @param {Layers} layers
 * @returns {Colouring}
 */
export function ofAnswers(word, { layer, predicted, confidence, definition }, { labels, classes, layers }) {
  const { name } = layers[layer];
  const said = (/** @type {number} */ place) => (predicted[place] < 0
    ? "no label" : `probe names ${classes[predicted[place]]}, confidence ${decimal(confidence[place])}`);
  const shared = { word, about: definition, told: said };
  if (word === "right") {
    const values = predicted.map((named, place) => (named < 0 ? -1 : Number(named !== labels[place])));
    return { ...shared, title: `Probe of ${name}`, names: ["right", "wrong"], hues: [0, WRONG], values, low: 0, high: 1 };
  }
  const values = confidence.map((sure, place) => (predicted[place] < 0 ? NaN : sure));
  return { ...shared, title: `Probe confidence, ${name}`, names: [], hues: [], values, low: 0, high: 1 };
}

/** @param {Column} column @returns {Colouring} */
export function ofColumn({ name, words, values }) {
  const [low, high] = extent(words.length ? [] : values);
  return {
    word: META + name, title: name, names: words, values, low, high,
    hues: words.map((word, i) => (word === OTHER && i === words.length - 1 && words.length > 1 ? -1 : i)),
    about: "A column of what is known of the images beside their class",
    told: (place) => {
      const value = values[place];
      return words.length ? words[value] ?? `no ${name}` : Number.isNaN(value) ? `no ${name}` : `${name} ${short(value)}`;
    },
  };
}

/** A number as short as it can be told, such as a year. @param {number} value */
export const short = (value) =>
  (Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(3))}`).replace("-", "−");

/**
 * Colour and shape of a category; of none: a grey dot.
 * @param {Colouring} colouring
 * @param {number} index -1 for images without a value
 * @param {Tone} tone
 */
export function markOf({ hues }, index, tone) {
  if (index >= 0 && hues[index] < 0) return { ...classMark(1, tone), colour: grey(tone) };
  return classMark(index < 0 ? -1 : hues[index], tone);
}

/**
 * Points by colour and shape, in the order they are drawn.
 * @param {Colouring} colouring
 * @param {Uint8Array} shown
 * @param {Tone} tone
 */
export function groupsOf(colouring, shown, tone) {
  const { names, values, low, high } = colouring;
  if (!names.length) return byNumber(values, [low, high], shown, tone);
  return byCategory(values, shown, (index) => markOf(colouring, index, tone));
}
