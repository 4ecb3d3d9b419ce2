// From a unit to the one before or after it, in the order of the grid.

import { ordered, stepped } from "./units.js";

/** @param {Pick<import("./types.js").Page, "state"|"scene">} page */
export const unitStep = ({ state, scene }) => (/** @type {number} */ by) => {
  if (!scene.focus.units) return;
  const { sort, only, unit: now } = state.now;
  const next = stepped(ordered(scene.focus.units, sort, only), now, by);
  if (next !== null) state.set({ unit: next, colour: "unit" }, { quietly: now !== null });
};
