// The search with an image: it is sent, and what each layer of the checkpoint in view finds like it told.

import * as api from "./api.js";
import { createListeners } from "./listeners.js";

/** @typedef {import("./types.js").Alike} Alike */
/** @typedef {import("./types.js").SearchStep} SearchStep */
/** @typedef {"none"|"sending"|"working"|"found"|"failed"} Status */
/** @typedef {ReturnType<typeof createSearching>} Searching */

const LOOK_EVERY = 500; // milliseconds

/**
 * `status`: none, sending, working, found or failed (`error` says why).
 * @param {import("./types.js").Page} page
 */
export function createSearching({ scene, example }) {
  /** @type {Status} */
  let status = "none";
  /** @type {string|null} */
  let id = null;
  /** @type {string|null} */
  let error = null;
  /** @type {SearchStep|null} */
  let step = null;
  /** @type {string|null} */
  let picture = null;
  let again = false;
  let asked = "";
  let title = "";
  let turn = 0;
  let begun = 0; // milliseconds
  const listeners = createListeners();

  /** @param {Status} next @param {{layers?: Alike[], error?: string|null}} [what] @param {boolean} [retry] */
  function tell(next, what = {}, retry = false) {
    [status, error, again, step] = [next, what.error ?? null, retry, null];
    example.tell(what.layers ?? []);
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
    if (status !== "sending") begun = performance.now();
    tell("working");
    try {
      let found = await api.searchExample(id, seen.run, seen.epoch);
      let anew = false;
      while (key === asked && ["working", "unknown"].includes(found.state)) {
        await new Promise((wake) => setTimeout(wake, LOOK_EVERY));
        if (key !== asked) return;
        const before = found.state;
        found = await api.foundExample(id, seen.run, seen.epoch);
        if (key === asked && found.progress) {
          step = found.progress;
          listeners.tell();
        }
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

  /** @param {Blob|null} file */
  function show(file) {
    if (picture) URL.revokeObjectURL(picture);
    picture = file && URL.createObjectURL(file);
  }

  /** @param {Blob} file @param {string} called */
  async function send(file, called) {
    const own = ++turn;
    title = called;
    asked = "";
    id = null;
    show(file);
    begun = performance.now();
    tell("sending");
    try {
      const sent = (await api.sendExample(file)).id;
      if (own !== turn) return;
      id = sent;
      await search();
    } catch (caught) {
      if (own === turn) tell("failed", { error: /** @type {Error} */ (caught).message });
    }
  }

  scene.on(["maps"], () => void search());
  example.by((file, called) => void send(file, called));
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
    /** How far it is, once that is known. */
    get step() {
      return step;
    },
    /** Seconds since it began. */
    get seconds() {
      return (performance.now() - begun) / 1000;
    },
    /** The address of the image: as it was given, then as it was decoded. */
    get address() {
      return id && status === "found" ? api.exampleAddress(id) : picture;
    },
    on: listeners.on,
    retry() {
      asked = "";
      void search();
    },
    clear() {
      turn++;
      asked = "";
      id = null;
      show(null);
      tell("none");
    },
  };
}
