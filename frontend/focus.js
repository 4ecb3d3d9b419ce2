// The layer's units and the one that is looked at, for the checkpoint in view.

import * as api from "./api.js";

/** @typedef {import("./types.js").Seen} Seen */
/** @typedef {import("./types.js").Unit} Unit */
/** @typedef {import("./types.js").Units} Units */

const NONE = { key: "", run: "", reply: null, error: null };

/**
 * @param {import("./types.js").State} state
 * @param {() => Seen|null} layersNow
 * @param {(kind: "unit"|"units") => void} tell
 */
export function createFocus(state, layersNow, tell) {
  /** @type {{key: string, run: string, reply: Unit|null, error: Error|null}} */
  let unit = NONE;
  /** @type {{key: string, run: string, reply: Units|null, error: Error|null}} */
  let units = NONE;

  /** What is wanted now: "" where nothing is. @param {boolean} one */
  function key(one) {
    const layers = layersNow();
    const { layer, unit: number } = state.now;
    if (!layers || (one && number === null)) return "";
    return [layers.stamp, layer, ...(one ? [number] : [])].join(" ");
  }

  /** What was replied, if that is about the run and the layer in view. @template {Unit|Units} T @param {{run: string, reply: T|null}} held */
  const ofView = ({ run, reply }) => (run === layersNow()?.run && reply?.layer === state.now.layer ? reply : null);

  async function loadUnits() {
    const wanted = key(false);
    const layers = layersNow();
    if (wanted === units.key || !layers) return;
    const [reply, error] = await settled(api.units(layers.run, state.now.layer, layers.epoch));
    if (wanted !== key(false)) return;
    units = { key: wanted, run: layers.run, reply, error };
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
      unit = NONE;
      return tell("unit");
    }
    const [reply, error] = await settled(
      api.unit(layers.run, state.now.layer, state.now.unit, layers.epoch),
    );
    if (wanted !== key(true)) return;
    unit = { key: wanted, run: layers.run, reply, error };
    tell("unit");
  }

  return {
    /** The unit looked at, once it is there; while an epoch loads, as at the one before. */
    get unit() {
      const reply = ofView(unit);
      return reply?.unit === state.now.unit ? reply : null;
    },
    get unitError() {
      return unit.key === key(true) ? unit.error : null;
    },
    /** All units of the layer in view, likewise. */
    get units() {
      return ofView(units);
    },
    get unitsError() {
      return units.key === key(false) ? units.error : null;
    },
    /** Ask again for what could not be had. */
    retry() {
      if (unit.error) unit = NONE;
      if (units.error) units = NONE;
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
