// An image that was sent to search with, and what each layer of the checkpoint in view finds like it.

import { createListeners } from "./listeners.js";

/** @typedef {"none"|"sending"|"working"|"found"|"failed"} Status */
/**
 * What is known of it: `title` is what it is called, `error` says why it failed, `again` whether another try
 * is worth it, `layers` has one a layer, from the input up, `address` where the image is once it is found.
 * @typedef {{status: Status, title: string, error: string|null, again: boolean, layers: import("./types.js").Alike[],
 *   address: string|null}} Known
 */

/** How it is sent and searched for comes with `seeking.js`. */
export function createExample() {
  const listeners = createListeners();
  /** @type {Known} */
  const known = { status: "none", title: "", error: null, again: false, layers: [], address: null };
  return Object.assign(known, {
    /** Where it lies on the map of a layer, or null. @param {number} layer @returns {{x: number, y: number}|null} */
    at: (layer) => known.layers[layer] ?? null,
    on: listeners.on,
    /** @param {Partial<Known>} what */
    tell(what) {
      Object.assign(known, what);
      listeners.tell();
    },
  });
}
