// What was selected, hidden and pinned before, to take a step back and forth.
//
// The browser's Back goes through views; this goes through what was chosen in them. An undo is a change
// like any other, with a step of its own in the browser's history, so that Back takes back the undo;
// and what Back changes of the selection can be undone.

import { createListeners } from "./listeners.js";

/** @typedef {import("./state.js").Values} Values */

const UNDONE = /** @type {const} */ (["selection", "hidden", "off", "only", "image"]);
const SAYS = { selection: "selection", hidden: "classes shown", off: "categories shown", only: "filter of units", image: "pinned image" };

/** `colour` is what the categories in `off` are of: they come back with it.
 * @typedef {Pick<Values, typeof UNDONE[number]|"colour">} Choice */

/**
 * Both stacks end where another run comes into view, since its images are others.
 * @param {Pick<import("./types.js").State, "now"|"set"|"on">} state
 * @param {number} most steps that are kept
 */
export function createUndo(state, most = 100) {
  /** @type {Choice[]} */
  let past = [];
  /** @type {Choice[]} */
  let future = [];
  let now = taken();
  let { run } = state.now;
  let moving = false;
  const { on, tell } = createListeners();

  /** @returns {Choice} */
  function taken() {
    const { selection, hidden, off, only, image, colour } = state.now;
    return { selection, hidden, off, only, image, colour };
  }

  function changed() {
    const before = now;
    now = taken();
    const other = run !== null && run !== state.now.run;
    run = state.now.run;
    if (other) [past, future] = [[], []];
    else if (!moving && differ(before, now).length) {
      past = [...past, before].slice(-most);
      future = [];
    }
    tell();
  }

  /** @param {Choice[]} from @param {Choice[]} to */
  function move(from, to) {
    const next = from.pop();
    if (!next) return;
    to.push(now);
    moving = true;
    const { colour, off, ...rest } = next;
    state.set({ ...rest, off, ...(off.length ? { colour } : {}) });
    moving = false;
    tell();
  }

  state.on(["run", "colour", ...UNDONE], changed);

  return {
    undo: () => move(past, future),
    redo: () => move(future, past),
    /** What an undo would change, in words, or "" where there is nothing to undo. */
    get undoes() {
      return told(past.at(-1), now);
    },
    get redoes() {
      return told(future.at(-1), now);
    },
    on,
  };
}

/** @param {Choice} a @param {Choice} b */
const differ = (a, b) => UNDONE.filter((key) => text(a, key) !== text(b, key));

/** @param {Choice} of @param {typeof UNDONE[number]} key */
const text = (of, key) => (key === "off" && of.off.length ? `${of.colour} ${of.off}` : `${of[key]}`);

/** @param {Choice|undefined} to @param {Choice} from */
const told = (to, from) => (to ? differ(to, from).map((key) => SAYS[key]).join(", ") : "");
