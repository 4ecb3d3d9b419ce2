// The layer's units and the one that is looked at, for the checkpoint in view.

import * as api from "./api.js";

/** @typedef {import("./types.js").Seen} Seen */
/** @typedef {import("./types.js").Unit} Unit */
/** @typedef {import("./types.js").Units} Units */

/**
 * @param {import("./types.js").State} state
 * @param {() => Seen|null} layersNow
 * @param {(kind: "unit"|"units") => void} tell
 */
export function createFocus(state, layersNow, tell) {
  /** @type {{key: string, reply: Unit|null, error: Error|null}} */
  let unit = { key: "", reply: null, error: null };
  /** @type {{key: string, reply: Units|null, error: Error|null}} */
  let units = { key: "", reply: null, error: null };

  /** What is wanted now: "" where nothing is. @param {boolean} one */
  function key(one) {
    const layers = layersNow();
    const { layer, unit: number } = state.now;
    if (!layers || (one && number === null)) return "";
    return [layers.stamp, layer, ...(one ? [number] : [])].join(" ");
  }

  async function loadUnits() {
    const wanted = key(false);
    const layers = layersNow();
    if (wanted === units.key || !layers) return;
    const [reply, error] = await settled(api.units(layers.run, state.now.layer, layers.epoch));
    if (wanted !== key(false)) return;
    units = { key: wanted, reply, error };
    tell("units");
  }

  /** What the grid is sorted by where that is likeness to a unit. */
  async function loadAlike() {
    const layers = layersNow();
    const { sort, like, layer } = state.now;
    const { reply } = units;
    if (!layers || !reply || sort !== "alike" || like === null) return;
    if (units.key !== key(false) || reply.alike?.unit === like) return;
    const [found] = await settled(api.alike(layers.run, layer, like, layers.epoch, null));
    if (!found || units.reply !== reply || state.now.like !== like) return;
    units = { ...units, reply: { ...reply, alike: { unit: like, r: found.r } } };
    tell("units");
  }

  async function loadUnit() {
    const wanted = key(true);
    const layers = layersNow();
    if (wanted === unit.key) return;
    if (!wanted || !layers || state.now.unit === null) {
      unit = { key: "", reply: null, error: null };
      return tell("unit");
    }
    const [reply, error] = await settled(
      api.unit(layers.run, state.now.layer, state.now.unit, layers.epoch),
    );
    if (wanted !== key(true)) return;
    unit = { key: wanted, reply, error };
    tell("unit");
  }

  return {
    /** The unit looked at, once it is there. */
    get unit() {
      const { reply } = unit;
      const { layer, unit: number } = state.now;
      return reply && reply.unit === number && reply.layer === layer ? reply : null;
    },
    get unitError() {
      return unit.key === key(true) ? unit.error : null;
    },
    /** All units of the layer in view, once they are there. */
    get units() {
      return units.reply?.layer === state.now.layer ? units.reply : null;
    },
    get unitsError() {
      return units.key === key(false) ? units.error : null;
    },
    /** Ask again for what could not be had. */
    retry() {
      if (unit.error) unit = { key: "", reply: null, error: null };
      if (units.error) units = { key: "", reply: null, error: null };
      void this.load();
    },
    async load() {
      await Promise.all([loadUnit(), loadUnits().then(loadAlike)]);
    },
  };
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<[T, null]|[null, Error]>}
 */
const settled = (promise) => promise.then((value) => [value, null], (error) => [null, error]);
