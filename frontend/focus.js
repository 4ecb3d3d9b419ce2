// The layer's units and the one that is looked at, for the checkpoint in view.

import * as api from "./api.js";
import { createAsking, passing } from "./asking.js";

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
  const [unitAsking, unitsAsking, alikeAsking] = [createAsking(), createAsking(), createAsking()];

  /** What is wanted now: "" where nothing is. @param {boolean} one */
  function key(one) {
    const layers = layersNow();
    const { layer, unit: number } = state.now;
    return !layers || (one && number === null) ? "" : `${layers.stamp} ${layer} ${one && number}`;
  }

  /** What was replied, if that is about the run and the layer in view. @template {Unit|Units} T @param {{run: string, reply: T|null}} held */
  const ofView = ({ run, reply }) => (run === layersNow()?.run && reply?.layer === state.now.layer ? reply : null);

  function loadUnits() {
    const layers = layersNow();
    const { layer } = state.now;
    if (!layers) return;
    const wanted = key(false);
    unitsAsking.ask(wanted, () => api.units(layers.run, layer, layers.epoch), (reply, error) => {
      units = { key: wanted, run: layers.run, reply, error };
      alikeAsking.drop();
      tell("units");
      loadAlike();
      again(error);
    });
  }

  /** What the grid is sorted by where that is likeness to a unit. */
  function loadAlike() {
    const layers = layersNow();
    const { sort, like, layer } = state.now;
    const { key: of, reply } = units;
    if (!layers || !reply || sort !== "alike" || like === null || of !== key(false)) return;
    if (reply.alike?.unit === like) return alikeAsking.drop();
    alikeAsking.ask(`${of} ${like}`, () => api.alike(layers.run, layer, like, layers.epoch, null), (found, error) => {
      if (!found) return again(error);
      units = { ...units, reply: { ...reply, alike: { unit: like, r: found.r } } };
      tell("units");
    });
  }

  function loadUnit() {
    const layers = layersNow();
    const { layer, unit: number } = state.now;
    if (!layers || number === null) {
      unitAsking.drop();
      if (!unit.key) return;
      unit = NONE;
      return tell("unit");
    }
    const wanted = key(true);
    unitAsking.ask(wanted, () => api.unit(layers.run, layer, number, layers.epoch), (reply, error) => {
      unit = { key: wanted, run: layers.run, reply, error };
      tell("unit");
      again(error);
    });
  }

  function load() {
    loadUnit();
    loadUnits();
    loadAlike();
  }

  /** @param {Error|null} error */
  const again = (error) => void (passing(error) && load());

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
    load,
  };
}
