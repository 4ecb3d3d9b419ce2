// An image that was given to search with, and where it lies on the maps once that is known.

import { createListeners } from "./listeners.js";

/** @typedef {import("./types.js").Alike} Alike */

/** What is done with it, `searching.js` does. */
export function createExample() {
  /** @type {Alike[]} */
  let layers = [];
  const listeners = createListeners();
  /** @type {((file: Blob, called: string) => void)|null} */
  let search = null;
  return {
    on: listeners.on,
    /** @returns {Alike[]} one a layer, from the input up */
    get layers() {
      return layers;
    },
    /** Where it lies on the map of a layer, or null. @param {number} layer @returns {{x: number, y: number}|null} */
    at: (layer) => layers[layer] ?? null,
    /** @param {Blob} file @param {string} [called] */
    send: (file, called = "Your image") => search?.(file, called),
    /** Have files that are sent searched with. @param {(file: Blob, called: string) => void} how */
    by: (how) => void (search = how),
    /** Tell what was found, or that nothing is. @param {Alike[]} next */
    tell(next) {
      layers = next;
      listeners.tell();
    },
  };
}
