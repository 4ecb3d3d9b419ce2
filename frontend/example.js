// An image that was sent to search with, and what each layer of the checkpoint in view finds like it.

import * as api from "./api.js";
import { createListeners } from "./listeners.js";

/** @typedef {import("./types.js").Alike} Alike */
/** @typedef {"none"|"sending"|"working"|"found"|"failed"} Status */

const LOOK_EVERY = 1000; // milliseconds

/**
 * `status`: none, sending, working, found or failed (`error` says why).
 * @param {import("./types.js").Scene} scene
 */
export function createExample(scene) {
  /** @type {Status} */
  let status = "none";
  /** @type {string|null} */
  let id = null;
  /** @type {string|null} */
  let error = null;
  /** @type {Alike[]} */
  let layers = [];
  let again = false;
  let asked = "";
  let title = "";
  let turn = 0;
  const listeners = createListeners();

  /** @param {Status} next @param {{layers?: Alike[], error?: string|null}} [what] @param {boolean} [retry] */
  function tell(next, what = {}, retry = false) {
    [status, layers, error, again] = [next, what.layers ?? [], what.error ?? null, retry];
    listeners.tell();
  }

  /** Look in the checkpoint that is in view, once. */
  async function search() {
    const seen = scene.layers;
    if (!id || !seen) return;
    const whole = scene.target()?.whole;
    const key = `${id} ${seen.run} ${seen.epoch} ${whole}`;
    if (key === asked) return;
    asked = key;
    if (!whole) return tell("failed", { error: `Epoch ${seen.epoch} can be searched as soon as it is analysed to its end.` });
    tell("working");
    try {
      let found = await api.searchExample(id, seen.run, seen.epoch);
      let anew = false;
      while (key === asked && ["working", "unknown"].includes(found.state)) {
        await new Promise((wake) => setTimeout(wake, LOOK_EVERY));
        if (key !== asked) return;
        const before = found.state;
        found = await api.foundExample(id, seen.run, seen.epoch);
        if (before !== "unknown" || found.state !== "unknown") continue;
        if (anew) throw new Error("The search ended without a word, perhaps for want of memory.");
        // A search of another checkpoint went on before.
        anew = true;
        found = await api.searchExample(id, seen.run, seen.epoch);
      }
      if (key === asked) tell(found.state === "found" ? "found" : "failed", { layers: found.layers, error: found.error?.message });
    } catch (caught) {
      if (key === asked) tell("failed", { error: /** @type {Error} */ (caught).message }, true);
    }
  }

  scene.on(["maps"], () => void search());
  return {
    get status() {
      return status;
    },
    /** What the image is called. */
    get title() {
      return title;
    },
    get error() {
      return error;
    },
    /** Whether a search that failed may be worth another try. */
    get again() {
      return again;
    },
    /** @returns {Alike[]} one a layer, from the input up */
    get layers() {
      return layers;
    },
    /** The address of the image once it is decoded. */
    get address() {
      return id && status === "found" ? api.exampleAddress(id) : null;
    },
    /** Where it lies on the map of a layer, or null. @param {number} layer @returns {{x: number, y: number}|null} */
    at: (layer) => layers[layer] ?? null,
    on: listeners.on,
    /** @param {File} file @param {string} [called] */
    async send(file, called = "Your image") {
      const own = ++turn;
      title = called;
      asked = "";
      id = null;
      tell("sending");
      try {
        const sent = (await api.sendExample(file)).id;
        if (own !== turn) return;
        id = sent;
        await search();
      } catch (caught) {
        if (own === turn) tell("failed", { error: /** @type {Error} */ (caught).message });
      }
    },
    retry() {
      asked = "";
      void search();
    },
    clear() {
      turn++;
      asked = "";
      id = null;
      tell("none");
    },
  };
}
