// Which rows of a long grid are in view, and how far it must be scrolled to show another.

/** @typedef {{columns: number, row: number, count: number}} Grid tiles a row, pixels from row to row, tiles */

/**
 * The tiles [first, last) of the rows in view and of some to spare, and the rows above and below.
 * @param {Grid} grid
 * @param {{from: number, height: number}} view pixels
 * @param {number} spare rows
 */
export function inView({ columns, row, count }, { from, height }, spare) {
  const rows = Math.ceil(count / columns);
  const within = (/** @type {number} */ n) => Math.min(rows, Math.max(0, n));
  const above = within(Math.floor(from / row) - spare);
  const end = Math.max(above, within(Math.ceil((from + height) / row) + spare));
  return { first: Math.min(count, above * columns), last: Math.min(count, end * columns), above, below: rows - end };
}

/**
 * Where a view must begin to have all of a tile in it, moved no further than needed.
 * @param {Grid} grid
 * @param {{from: number, height: number}} view
 * @param {number} place of the tile
 */
export function revealing({ columns, row }, { from, height }, place) {
  const top = Math.floor(place / columns) * row;
  return Math.max(Math.min(from, top), top + row - height);
}
