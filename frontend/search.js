// What a few typed words can mean here: a unit, a layer, an image, a class, a run, an epoch.

import { count, counted, shortLayer } from "./text.js";
import { joined } from "./selection.js";

/** @typedef {import("./state.js").Values} Values */

/**
 * What can be found: what is in view, and all runs.
 * @typedef {{layer: number, layers: {name: string, units: number}[], epochs: number[], classes: string[],
 *   ids: ArrayLike<number>, labels: ArrayLike<number>, shown: ArrayLike<number>,
 *   runs: {id: string, name: string}[], selection: number[]}} Findable
 */

/** A match: what it is, more about it, and the change that goes there. @typedef {{says: string, about: string, go: Partial<Values>}} Match */

const MOST = 12;
const UNIT = /^(?:(?:layer\s*|l)?(\d+)\s*[/,\s]\s*)?(?:unit\s*|u)#?(\d+)$/i; // unit 117, u117, L3/u117, 3 u117
const PAIR = /^(?:layer\s*|l)?(\d+)\s*[/,]\s*(\d+)$/i; // L3/117, 3/117
const LAYER = /^(?:layer\s*|l)(\d+)$/i;
const IMAGE = /^(?:image\s*|img\s*|#)(\d+)$/i;
const EPOCH = /^(?:epoch\s*|@?e)(\d+)$/i;
const NUMBER = /^\d+$/;

/**
 * The matches of a text, the most likely first, at most a dozen; none for an empty one.
 * @param {string} text
 * @param {Findable} there
 * @returns {Match[]}
 */
export function found(text, there) {
  const words = text.trim().replace(/\s+/g, " ");
  if (!words) return [];
  const number = NUMBER.test(words) ? Number(words) : null;
  const [unit, pair, layer, image, epoch] = [UNIT, PAIR, LAYER, IMAGE, EPOCH].map((form) => form.exec(words));
  const asked = unit ?? pair;
  return [
    ...(asked ? units(asked[1] === undefined ? null : Number(asked[1]), Number(asked[2]), there) : []),
    ...(layer ? layers(Number(layer[1]), there) : []),
    ...images(image ? Number(image[1]) : number, there),
    ...(number === null ? [] : units(null, number, there)),
    ...epochs(epoch ? Number(epoch[1]) : number, there),
    ...named(words, there),
  ].slice(0, MOST);
}

/**
 * That unit of the layer, or of every layer that has one, the layer in view first.
 * @param {number|null} layer @param {number} unit @param {Findable} there @returns {Match[]}
 */
function units(layer, unit, there) {
  const all = there.layers.map((own, at) => ({ ...own, at })).slice(1);
  const order = layer === null
    ? [...all.filter(({ at }) => at === there.layer), ...all.filter(({ at }) => at !== there.layer)]
    : all.filter(({ at }) => at === layer);
  return order.filter((own) => unit < own.units).map(({ at, name, units: many }) => ({
    says: `Unit ${shortLayer(name)} / ${unit}`, about: `of ${count(many)}`, go: { layer: at, unit, colour: "unit" },
  }));
}

/** @param {number} layer @param {Findable} there @returns {Match[]} */
function layers(layer, there) {
  const own = there.layers[layer];
  return own ? [{ says: own.name, about: layer ? counted(own.units, "unit") : "raw pixels", go: { layer } }] : [];
}

/** @param {number|null} id @param {Findable} there @returns {Match[]} */
function images(id, there) {
  const place = id === null ? -1 : Array.prototype.indexOf.call(there.ids, id);
  if (id === null || place < 0) return [];
  return [{ says: `Image ${id}`, about: there.classes[there.labels[place]] ?? "no label", go: { image: id } }];
}

/** @param {number|null} epoch @param {Findable} there @returns {Match[]} */
const epochs = (epoch, there) =>
  epoch !== null && there.epochs.includes(epoch) ? [{ says: `Epoch ${epoch}`, about: "checkpoint", go: { epoch } }] : [];

/** Classes, layers with names of their own, and runs that have the words in them. @param {string} words @param {Findable} there @returns {Match[]} */
function named(words, there) {
  const has = (/** @type {string} */ name) => name.toLowerCase().includes(words.toLowerCase().replace(/^class /, ""));
  const classes = there.classes.flatMap((name, index) => (has(name) ? ofClass(name, index, there) : []));
  const called = there.layers.flatMap((own, layer) => (has(own.name) && !LAYER.test(words) ? layers(layer, there) : []));
  const runs = there.runs.filter((run) => has(run.name) || run.id.startsWith(words))
    .map(({ id, name }) => ({ says: `Run ${name}`, about: "", go: { run: id } }));
  return [...classes, ...called, ...runs];
}

/** @param {string} name @param {number} index @param {Findable} there @returns {Match[]} */
function ofClass(name, index, there) {
  const ids = Array.from(there.ids).filter((_, place) => there.labels[place] === index && there.shown[place]);
  if (!ids.length) return [];
  /** @type {Match} */
  const prefer = { says: `Units that prefer ${name}`, about: "", go: { tab: "units", only: index } };
  const others = Array.prototype.some.call(there.labels, (label) => label >= 0 && label !== index);
  return [
    { says: `Select ${name}`, about: counted(ids.length, "image"), go: { selection: joined([], ids, "replace") } },
    ...(there.selection.length
      ? [{ says: `Add ${name}`, about: "to the selection", go: { selection: joined(there.selection, ids, "add") } }]
      : []),
    ...(others ? [prefer] : []),
  ];
}
