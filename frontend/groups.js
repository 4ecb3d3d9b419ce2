// Which points share a colour: those of a class or another category, or those with about the same number.

import { classMark, grey, ramp } from "./palette.js";

/** @typedef {import("./types.js").Group} Group */
/** @typedef {import("./palette.js").Tone} Tone */

const LEVELS = 12;
const TURNS = 6;

/**
 * 1 where a point's class is not hidden. A hidden class of `classes` means "no label".
 * @param {Int16Array|Float32Array} labels
 * @param {number[]} hidden
 * @param {number} classes
 */
export function shownPoints(labels, hidden, classes) {
  const away = new Set(hidden.map((index) => (index === classes ? -1 : index)));
  return Uint8Array.from(labels, (label) => (away.has(label) ? 0 : 1));
}

/**
 * One group a class that is shown, in the order of the classes; images without a label first.
 * @param {Int16Array} labels
 * @param {Uint8Array} shown
 * @param {Tone} tone
 * @returns {Group[]}
 */
export function byClass(labels, shown, tone) {
  return byCategory(labels, shown, (label) => classMark(label, tone));
}

/**
 * One group a category that is shown; points without a value first.
 * @param {Int16Array|Float32Array} values places of the categories, -1 for none
 * @param {Uint8Array} shown
 * @param {(value: number) => {colour: string, shape: import("./palette.js").Shape}} mark
 * @returns {Group[]}
 */
export function byCategory(values, shown, mark) {
  return grouped(values, shown, (value) => value).map(([value, positions]) => {
    const { colour, shape } = mark(value);
    return { colour, symbol: shape.name, positions };
  });
}

/**
 * One group a level of a number, the highest drawn last; points without a number are grey.
 * @param {Int16Array|Float32Array} values NaN for none
 * @param {[number, number]} range of the ramp
 * @param {Uint8Array} shown
 * @param {Tone} tone
 * @returns {Group[]}
 */
export function byNumber(values, [low, high], shown, tone) {
  const scale = LEVELS / (high - low || 1);
  const level = (/** @type {number} */ v) =>
    (Number.isNaN(v) ? -1 : Math.max(0, Math.min(LEVELS - 1, Math.floor((v - low) * scale))));
  return grouped(values, shown, level).map(([step, positions]) => ({
    colour: step < 0 ? grey(tone) : ramp(step / (LEVELS - 1), tone),
    symbol: "circle",
    positions,
  }));
}

/**
 * @param {Int16Array|Float32Array} values
 * @param {Uint8Array} shown
 * @param {(value: number) => number} keyOf
 * @returns {[number, Int32Array][]}
 */
function grouped(values, shown, keyOf) {
  /** @type {Map<number, number[]>} */
  const lists = new Map();
  for (let i = 0; i < values.length; i++) {
    if (!shown[i]) continue;
    const key = keyOf(values[i]);
    const list = lists.get(key);
    if (list) list.push(i);
    else lists.set(key, [i]);
  }
  return [...lists.entries()]
    .sort(([a], [b]) => a - b)
    .map(([key, list]) => [key, Int32Array.from(list)]);
}

/** The same shuffle every time: neighbours in the list of images come far apart. @param {number} n */
const scattered = (n) => (Math.imul(n + 1, 2654435761) >>> 0) / 2 ** 32;

/**
 * Each group in several thin layers, taken in turn, so that in a crowd none lies on top of the others.
 * @param {Group[]} groups
 * @returns {Group[]}
 */
export const inTurns = (groups) =>
  Array.from({ length: TURNS }, (_, turn) =>
    groups.map((group) => ({
      ...group,
      positions: group.positions.filter((p) => Math.floor(scattered(p) * TURNS) === turn),
    })),
  ).flat();
