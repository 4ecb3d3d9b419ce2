// How an image of one's own is sent, and searched for in the checkpoint that is in view.

import * as api from "./api.js";

/** @typedef {import("./example.js").Status} Status */

const LOOK_EVERY = 1000; // milliseconds

/** @param {Pick<import("./types.js").Page, "scene"|"example">} page */
export function createSeeking({ scene, example }) {
  /** @type {string|null} */
  let id = null;
  let asked = "";
  let turn = 0;

  /** @param {Status} status @param {{layers?: import("./types.js").Alike[], error?: string|null}} [what] @param {boolean} [again] */
  function tell(status, what = {}, again = false) {
    const address = id && status === "found" ? api.exampleAddress(id) : null;
    example.tell({ status, layers: what.layers ?? [], error: what.error ?? null, again, address });
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
    /** @param {File} file @param {string} [called] */
    async send(file, called = "Your image") {
      const own = ++turn;
      example.title = called;
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
