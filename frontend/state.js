// What the page shows, as one table mirrored in the address bar. Nothing else changes the page.

import { isColouring } from "./colourings.js";
import { packed, unpacked } from "./selection.js";

/**
 * A row of the table: what it is when the address says nothing, how it is written there, whether a
 * change is a place to come Back to, and what else returns to its fallback with a change.
 * @template T
 * @typedef {{fallback: T, read: (text: string) => T, write: (value: T) => string, steps: boolean,
 *   resets: string[]}} Prop
 */

/** @param {number|null} fallback @returns {Omit<Prop<number|null>, "steps"|"resets">} */
const whole = (fallback) => ({
  fallback,
  read: (text) => (/^\d+$/.test(text) ? Number(text) : fallback),
  write: (value) => `${value ?? ""}`,
});

/** @param {string|null} fallback @returns {Omit<Prop<string|null>, "steps"|"resets">} */
const name = (fallback) => ({
  fallback,
  read: (text) => text || fallback,
  write: (value) => value ?? "",
});

/**
 * @template {string} W
 * @param {...W} words the first is the fallback
 * @returns {Omit<Prop<W>, "steps"|"resets">}
 */
const word = (...words) => ({
  fallback: words[0],
  read: (text) => words.find((w) => w === text) ?? words[0],
  write: (value) => value,
});

const list = {
  /** @type {number[]} */ fallback: [],
  read: (/** @type {string} */ text) => text.split(".").filter(Boolean).map(Number).filter(Number.isInteger),
  write: (/** @type {number[]} */ value) => value.join("."),
};

const set = { /** @type {number[]} */ fallback: [], read: unpacked, write: packed };

const view = {
  /** @type {[number, number, number]|null} */ fallback: null,
  read(/** @type {string} */ text) {
    const parts = text.split(",").map(Number);
    const fits = parts.length === 3 && parts.every(Number.isFinite) && parts[2] > 0;
    return fits ? /** @type {[number, number, number]} */ (parts) : null;
  },
  write: (/** @type {[number, number, number]|null} */ value) =>
    value ? value.map((n) => Number(n.toPrecision(5))).join(",") : "",
};

const colour = {
  fallback: "class",
  read: (/** @type {string} */ text) => (isColouring(text) ? text : "class"),
  write: (/** @type {string} */ value) => value,
};

/** Of points, percent: as they are drawn by themselves, or so many times as large. */
export const SIZES = { least: 40, most: 300, step: 20 };
const size = {
  fallback: 100,
  read: (/** @type {string} */ text) =>
    (/^\d+$/.test(text) ? Math.min(SIZES.most, Math.max(SIZES.least, Number(text))) : 100),
  write: (/** @type {number} */ value) => `${value}`,
};

const OF_RUN = ["cell", "epoch", "unit", "image", "selection", "hidden", "off", "only", "view", "colour", "k", "like", "separate"];

const TOP = Infinity; // a layer above all there are: the top one, once it is known which that is

export const PROPS = {
  run: { ...name(null), steps: true, resets: OF_RUN },
  epoch: { ...whole(null), steps: false, resets: [] },
  layer: { ...whole(TOP), steps: true, resets: ["unit", "view", "like"] },
  unit: { ...whole(null), steps: true, resets: [] },
  colour: { ...colour, steps: true, resets: ["off"] },
  image: { ...whole(null), steps: true, resets: [] },
  selection: { ...set, steps: true, resets: [] },
  hidden: { ...list, steps: true, resets: [] },
  off: { ...list, steps: true, resets: [] },
  separate: { ...word("no", "yes"), steps: true, resets: [] },
  tab: { ...word("map", "units", "probes", "learning", "compare"), steps: true, resets: [] },
  sort: { ...word("dprime", "sparseness", "active", "number", "osi", "change", "alike"), steps: false, resets: [] },
  like: { ...whole(null), steps: false, resets: [] },
  only: { ...whole(null), steps: false, resets: [] },
  k: { ...whole(null), steps: false, resets: [] },
  patches: { ...word("framed", "close"), steps: false, resets: [] },
  drag: { ...word("lasso", "rectangle", "pan"), steps: false, resets: [] },
  points: { ...word("auto", "dots", "images"), steps: false, resets: [] },
  size: { ...size, steps: false, resets: [] },
  lost: { ...word("plain", "marked"), steps: false, resets: [] },
  view: { ...view, steps: false, resets: [] },
  bench: { ...name(null), steps: true, resets: [] },
  measure: { ...name(null), steps: false, resets: [] },
  order: { ...name(null), steps: false, resets: [] },
  line: { ...name(null), steps: false, resets: [] },
  versus: { ...name(null), steps: true, resets: ["versus_epoch", "versus_layer"] },
  versus_epoch: { ...whole(null), steps: false, resets: [] },
  versus_layer: { ...whole(null), steps: true, resets: [] },
  cell: { ...list, steps: true, resets: [] },
  pairing: { ...word("single", "best"), steps: false, resets: [] },
  dialog: { ...name(null), steps: true, resets: [] },
};

/**
 * @typedef {{run: string|null, epoch: number|null, layer: number, unit: number|null,
 *   colour: string, image: number|null, selection: number[], hidden: number[], off: number[],
 *   separate: "no"|"yes", size: number, lost: "plain"|"marked",
 *   tab: "map"|"units"|"probes"|"learning"|"compare", sort: import("./units.js").Order,
 *   like: number|null, only: number|null, k: number|null,
 *   patches: "framed"|"close", drag: "lasso"|"rectangle"|"pan", points: "auto"|"dots"|"images",
 *   view: [number, number, number]|null, bench: string|null, measure: string|null,
 *   order: string|null, line: string|null, versus: string|null,
 *   versus_epoch: number|null, versus_layer: number|null, pairing: "single"|"best", cell: number[], dialog: string|null}} Values
 */
/** @typedef {keyof typeof PROPS} Name */

const NAMES = /** @type {Name[]} */ (Object.keys(PROPS));

/** An address as it is said by mouth, `#/run/ID/L3/u117@e200`, each part after the run optional. */
const SPOKEN = /^run\/([^/@?]+)(?:\/L(\d+))?(?:\/u(\d+))?(?:@e(\d+))?\/?(?:\?(.*))?$/i;

/** @param {string} text an address without its #/ */
function query(text) {
  const spoken = SPOKEN.exec(text);
  if (!spoken) return new URLSearchParams(text);
  const [, run, layer, unit, epoch, rest] = spoken;
  const found = new URLSearchParams(rest ?? "");
  // Decoded as a parameter is, which takes what is not encoded rightly as it stands.
  found.set("run", new URLSearchParams(`run=${run}`).get("run") ?? "");
  for (const [key, value] of Object.entries({ layer, unit, epoch })) if (value !== undefined) found.set(key, value);
  if (unit !== undefined && !found.has("colour")) found.set("colour", "unit");
  return found;
}

/** @param {string} hash @returns {Values} */
export function read(hash) {
  const told = query(hash.replace(/^#\/?/, ""));
  const pairs = NAMES.map((key) => [key, told.has(key) ? PROPS[key].read(told.get(key) ?? "") : PROPS[key].fallback]);
  return Object.fromEntries(pairs);
}

/** @param {Values} values the fallbacks are left out */
export function write(values) {
  const pairs = NAMES.map((key) => [key, written(key, values[key])]);
  const told = pairs.filter(([key, text]) => text !== written(/** @type {Name} */ (key), PROPS[/** @type {Name} */ (key)].fallback));
  return `#${new URLSearchParams(told)}`.replaceAll("%2C", ",");
}

/** Texts of lists, which are never changed in place: a selection of thousands is packed once.
 * @type {WeakMap<object, string>} */
const texts = new WeakMap();

/** @param {Name} key @param {any} value */
function written(key, value) {
  const { write: wrote } = /** @type {Prop<any>} */ (PROPS[key]);
  if (!Array.isArray(value)) return wrote(value);
  const text = texts.get(value) ?? wrote(value);
  texts.set(value, text);
  return text;
}

/**
 * The state of a window. `set` tells the listeners of every changed prop, once, and writes the
 * address; a change without a step of its own (scrubbing, zooming) is written when it has paused.
 * @param {{location: {hash: string}, history: Pick<History, "pushState"|"replaceState">,
 *   addEventListener: (kind: string, listener: () => void) => void}} host
 * @param {number} pause milliseconds
 */
export function createState(host, pause = 250) {
  let values = read(host.location.hash);
  /** @type {{keys: Set<string>, listener: (changed: Set<string>) => void}[]} */
  const listeners = [];
  let timer = 0;
  let top = TOP;
  /** @type {number|null} */
  let lacking = null;
  let carried = false; // the layer comes from the run that was looked at before

  /** @param {Values} wanted @param {number|null} strange a layer that was asked for before, and that there is not */
  function move(wanted, strange = lacking) {
    if (wanted.run !== values.run) top = TOP;
    const next = { ...wanted, layer: Math.min(top, wanted.layer) };
    const changed = new Set(NAMES.filter((key) => written(key, next[key]) !== written(key, values[key])));
    if (changed.has("layer") || changed.has("run")) strange = null;
    if (!carried && wanted.layer > next.layer && wanted.layer < TOP) strange = wanted.layer;
    if (strange !== lacking) changed.add("layer");
    lacking = strange;
    values = next;
    if (!changed.size) return changed;
    for (const { keys, listener } of [...listeners]) {
      if ([...changed].some((key) => keys.has(key))) listener(changed);
    }
    return changed;
  }

  /** The address of values: the top layer is what it says by saying nothing. @param {Values} of */
  const address = (of) => write({ ...of, layer: of.layer === top ? TOP : of.layer });

  function settle() {
    clearTimeout(timer);
    timer = 0;
    host.history.replaceState(null, "", address(values));
  }

  host.addEventListener("popstate", () => {
    clearTimeout(timer);
    carried = false;
    move(read(host.location.hash), null);
  });

  return {
    /** The values now; read only. @returns {Readonly<Values>} */
    get now() {
      return values;
    },
    /** The layer that the address asks for and the run in view has not, the top one being shown; or null. */
    get lacking() {
      return lacking;
    },
    /**
     * @param {Partial<Values>} changes
     * @param {{quietly?: boolean}} [how] quietly: no place to come Back to
     */
    set(changes, { quietly = false } = {}) {
      const next = { ...values, ...changes };
      if (next.run === values.run) next.layer = Math.min(top, next.layer);
      else {
        carried = !("layer" in changes);
        if (carried && next.layer === top) next.layer = TOP;
      }
      for (const key of /** @type {Name[]} */ (Object.keys(changes))) {
        if (written(key, next[key]) === written(key, values[key])) continue;
        for (const other of /** @type {Name[]} */ (PROPS[key].resets)) {
          if (!(other in changes)) Object.assign(next, { [other]: PROPS[other].fallback });
        }
      }
      // A unit's colours cannot stand without a unit.
      if (next.unit === null && next.colour === "unit") Object.assign(next, { colour: "class", off: [] });
      if (next.selection.length < 2) next.separate = "no";
      const steps = !quietly && NAMES.some((key) => PROPS[key].steps && written(key, next[key]) !== written(key, values[key]));
      if (timer && steps) settle();
      const changed = move(next);
      if (!changed.size || address(values) === host.location.hash) return;
      if (steps) host.history.pushState(null, "", address(values));
      else {
        clearTimeout(timer);
        timer = /** @type {any} */ (setTimeout(settle, pause));
      }
    },
    /**
     * Calls `listener` after each change of one of `keys`; returns how to stop that.
     * @param {Name[]} keys
     * @param {(changed: Set<string>) => void} listener
     */
    on(keys, listener) {
      const entry = { keys: new Set(/** @type {string[]} */ (keys)), listener };
      listeners.push(entry);
      return () => void listeners.splice(listeners.indexOf(entry), 1);
    },
    /**
     * Say which layer is the top one of the run in view, for as long as that is in view.
     * @param {number} layer
     */
    limit(layer) {
      top = layer;
      move(values);
    },
    /** The address of what is shown, with nothing left to defaults that may change.
     * @param {Partial<Values>} resolved */
    link: (resolved) => address({ ...values, ...resolved }),
  };
}
