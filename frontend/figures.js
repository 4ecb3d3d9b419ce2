// Figures of a layer's units, as their tiles and the line above them tell these.

/** @typedef {import("./types.js").Units} Units */

/**
 * d' of every class for one unit.
 * @param {Units} units
 * @param {number} unit
 */
export function dprimeOf(units, unit) {
  const classes = units.classes.length;
  return units.dprime?.subarray(unit * classes, (unit + 1) * classes) ?? null;
}

/**
 * The d' that fills the height of a tile's columns: few units lie above it, and are cut there.
 * @param {Units} units
 */
export function usualMost(units) {
  const best = Array.from(units.best_dprime ?? []).filter(Number.isFinite).sort((a, b) => a - b);
  return Math.max(1, best[Math.floor(0.9 * best.length)] ?? 1);
}

/** @param {Units} units */
export function silent(units) {
  return units.silent.reduce((n, still) => n + still, 0);
}
