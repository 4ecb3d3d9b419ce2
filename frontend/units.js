// The order of a layer's units in the grid, and which of them a filter leaves.

/** @typedef {import("./types.js").Units} Units */

/**
 * How the grid can be sorted: word, what the menu says, and the number that is compared. `there`
 * tells whether the units have it.
 */
export const ORDERS = {
  dprime: {
    says: "d′ of best class",
    there: (/** @type {Units} */ u) => !!u.best_dprime,
    of: (/** @type {Units} */ u, /** @type {number} */ i) => u.best_dprime?.[i] ?? 0,
  },
  sparseness: {
    says: "sparseness",
    of: (/** @type {Units} */ u, /** @type {number} */ i) => u.sparseness[i],
  },
  active: {
    says: "active patches",
    of: (/** @type {Units} */ u, /** @type {number} */ i) => u.active[i],
  },
  osi: {
    says: "orientation selectivity",
    there: (/** @type {Units} */ u) => !!u.osi,
    of: (/** @type {Units} */ u, /** @type {number} */ i) => u.osi?.[i] ?? NaN,
  },
  change: {
    says: "change since epoch",
    there: (/** @type {Units} */ u) => !!u.change,
    of: (/** @type {Units} */ u, /** @type {number} */ i) => u.change?.[i] ?? NaN,
  },
  alike: {
    says: "similarity to unit",
    there: (/** @type {Units} */ u) => !!u.alike,
    of: (/** @type {Units} */ u, /** @type {number} */ i) => u.alike?.r[i] ?? NaN,
  },
  number: { says: "number", of: (/** @type {Units} */ u, /** @type {number} */ i) => -i },
};

/** @typedef {keyof typeof ORDERS} Order */

/** @param {Units} units @param {Order} order */
export function isThere(units, order) {
  const row = ORDERS[order];
  return !("there" in row) || row.there(units);
}

/**
 * The order that can be had: without labels there is no d', nor any change at the first epoch.
 * @param {Units} units
 * @param {Order} wanted
 * @returns {Order}
 */
export const possible = (units, wanted) =>
  /** @type {Order[]} */ ([wanted, "dprime", "sparseness"]).find((order) => isThere(units, order)) ?? "number";

/**
 * What an order is called, with the epoch or the unit that it is about.
 * @param {Units} units
 * @param {Order} order
 * @param {number|null} [like] the unit it would be about
 */
export function orderName(units, order, like = units.alike?.unit ?? null) {
  const about = { change: units.change_from, alike: like }[/** @type {string} */ (order)];
  return ORDERS[order].says + (about === undefined || about === null ? "" : ` ${about}`);
}

/**
 * The class that leaves only the units that like it best, or null: without labels, or where all images
 * are of one class, no unit likes any.
 * @param {Units} units
 * @param {number|null} only
 */
export const filterOf = (units, only) => (units.best_class ? only : null);

/**
 * Unit numbers, largest first; a unit without a finite number comes last, equal ones by number.
 * With `only`, just the units that like that class best, where there is such a filter.
 * @param {Units} units
 * @param {Order} order
 * @param {number|null} only
 * @returns {number[]}
 */
export function ordered(units, order, only) {
  const key = (/** @type {number} */ i) => {
    const value = ORDERS[possible(units, order)].of(units, i);
    return Number.isFinite(value) ? value : -Infinity;
  };
  const all = Array.from({ length: units.units }, (_, i) => i);
  const kept = filterOf(units, only) === null ? all : all.filter((i) => units.best_class?.[i] === only);
  return kept.sort((a, b) => key(b) - key(a) || a - b);
}

/**
 * The unit that comes `step` places after `unit` in the grid, stopping at its ends.
 * @param {number[]} order
 * @param {number|null} unit
 * @param {number} step
 */
export function stepped(order, unit, step) {
  if (!order.length) return null;
  const at = unit === null ? -1 : order.indexOf(unit);
  if (at < 0) return order[0];
  return order[Math.min(order.length - 1, Math.max(0, at + step))];
}

/**
 * The patches to which a unit answers with exactly 0, and the histogram without these, which would
 * hide all others in it. Where responses can be negative, 0 lies within a bin like any number.
 * @param {Pick<import("./types.js").Unit, "histogram"|"active">} unit
 */
export function spread({ histogram: { edges, counts }, active }) {
  const all = counts.reduce((a, b) => a + b, 0);
  const zeros = edges[0] < 0 ? 0 : Math.min(counts[0], all - Math.round(active * all));
  return { all, zeros, edges, counts: [counts[0] - zeros, ...counts.slice(1)] };
}
