// A bench as plain values: what is measured, the rows in an order, the lines of its chart.

/** @typedef {import("./types.js").Bench} Bench */
/** @typedef {import("./types.js").OfRule} OfRule */
/** @typedef {import("./types.js").AtLayer} AtLayer */
/** @typedef {import("./types.js").Accuracy} Accuracy */

export const NEIGHBOURS = "neighbours";
const HOW = ["learning_rate", "schedule", "init", "w_init"];
/** What a setting and its word say to who does not know the settings. @type {Record<string, string>} */
const SAID = {
  "schedule constant": "the same throughout",
  "schedule cosine": "falling to 0 by a cosine",
  "init uniform": "weights uniform at the start, as published",
  "init he": "weights after He et al. at the start",
  "w_init uniform": "prediction matrices uniform at the start",
  "w_init identity": "prediction matrices near the identity at the start",
};
const REFERENCES = ["pixels", "random"];

/** Is it what rules are compared with, not a rule that was trained? @param {OfRule} row */
export const isReference = (row) => REFERENCES.includes(row.rule);

/** What a bench can show: its protocols of the linear probe, and the neighbours. @param {Bench} bench */
export const measures = (bench) => [...bench.protocols, NEIGHBOURS];

/** How its runs learn and begin. @param {Bench["settings"]} settings */
export const learnt = (settings) =>
  HOW.filter((name) => name in settings).map((name) => {
    const told = `${name.replace("learning_rate", "learning rate")} ${settings[name]}`;
    return SAID[told] ?? told;
  });

/**
 * The accuracies of a row in one measure; none where the measure is not for it.
 * @param {OfRule} row
 * @param {string} measure
 * @returns {AtLayer[]}
 */
export const found = (row, measure) =>
  (measure === NEIGHBOURS ? row.neighbours : row.probes[measure]) ?? [];

/** Layers that any row has in a measure, ascending; not the pixels. @param {Bench} bench @param {string} measure */
export function layersOf(bench, measure) {
  const all = bench.summary.flatMap((row) => found(row, measure).map(({ layer }) => layer ?? 0));
  return [...new Set(all)].filter((layer) => layer > 0).sort((a, b) => a - b);
}

/** @param {OfRule} row */
export const shortName = (row) =>
  row.rule === "random" ? "random encoder" : row.rule === "pixels" ? "raw pixels" : row.rule;

/**
 * A name that tells apart what differs only by what the encoder sees.
 * @param {Bench} bench
 * @param {OfRule} row
 */
export function nameOf(bench, row) {
  const alone = bench.summary.filter(({ rule }) => rule === row.rule).length === 1;
  return alone ? shortName(row) : `${shortName(row)}, ${viewOf(row.view)}`;
}

/**
 * Over how many seeds a row is, where these are not all of its bench; else nothing. Pixels have none.
 * @param {Bench} bench
 * @param {OfRule} row
 */
export const seedsOf = (bench, row) =>
  row.rule === "pixels" || row.seeds.length >= bench.seeds.length ? "" : `${row.seeds.length} of ${bench.seeds.length} seeds`;

/** "patches-64-grey" as "grey patches of 64 px". @param {string} view */
export function viewOf(view) {
  const [sees, side, colour] = view.split("-");
  if (!colour) return view;
  return `${colour === "rgb" ? "colour" : colour} ${sees === "image" ? "images" : "patches"}, ${side} px`;
}

/**
 * What a column holds of a row, to sort by: a number, a text, or null for nothing.
 * @param {OfRule} row
 * @param {string} column
 * @param {string} measure
 */
export function valueOf(row, column, measure) {
  /** @type {Record<string, string|number|null>} */
  const plain = {
    rule: row.rule,
    labels: Number(row.labels),
    crosses: Number(row.crosses),
    images: row.images,
    seconds: row.seconds,
    speed: row.images_per_second,
    memory: row.memory_mb,
    neighbours: row.neighbours.at(-1)?.accuracy ?? null,
  };
  if (column in plain) return plain[column];
  const layer = column === "all" ? null : Number(column);
  return found(row, measure).find((each) => each.layer === layer)?.accuracy ?? null;
}

/**
 * Rows in the order of a column, "-" before it for the greatest first; what has nothing there comes
 * last. Without a column as the server gave them.
 * @param {OfRule[]} rows
 * @param {string|null} order
 * @param {string} measure
 */
export function sorted(rows, order, measure) {
  if (!order) return rows;
  const down = order.startsWith("-");
  const column = order.slice(Number(down));
  return [...rows].sort((a, b) => {
    const [x, y] = [a, b].map((row) => valueOf(row, column, measure));
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const by = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return down ? -by : by;
  });
}

/** The order after a click on a column: numbers begin with the greatest, names with the first.
 * @param {string|null} order @param {string} column */
export function reordered(order, column) {
  const first = column === "rule" ? column : `-${column}`;
  const other = column === "rule" ? `-${column}` : column;
  return order === first ? other : first;
}

/**
 * The difference of two shares with its 95 % interval, from the intervals of both (Newcombe 1998,
 * method 10: as if of different images).
 * @param {Accuracy} a
 * @param {Accuracy} b what a is compared with
 */
export function difference(a, b) {
  const by = a.accuracy - b.accuracy;
  const down = Math.hypot(a.accuracy - a.low, b.high - b.accuracy);
  const up = Math.hypot(a.high - a.accuracy, b.accuracy - b.low);
  return { by, low: by - down, high: by + up };
}

/**
 * The names of layers of two runs by their numbers, ascending: what both call it, or both names where
 * they differ; a layer that one run lacks has the other's name.
 * @param {[number, string][][]} runs the layers of each run, with their names
 */
export function partners(runs) {
  const all = [...new Set(runs.flat().map(([layer]) => layer))].sort((a, b) => a - b);
  return all.map((layer) => {
    const names = runs.flatMap((own) => own.filter(([n]) => n === layer).map(([, name]) => name));
    return { layer, names: [...new Set(names)], alone: names.length < runs.length };
  });
}

/** The benches to try until one can be read: the one that is named, else all. @param {{name: string}[]} list @param {string|null} named */
export const toTry = (list, named) => (named === null ? list.map(({ name }) => name) : [named]);
