// Geometry of a map: which points a lasso holds, which is nearest to the pointer, what is in view.

/** @typedef {import("./types.js").Points} Points */
/** @typedef {import("./types.js").Ranges} Ranges */
/** @typedef {import("./types.js").Box} Box */

/**
 * Positions of the points inside a polygon (even-odd rule), hidden ones never among them.
 * @param {Points} points
 * @param {number[][]} polygon corners [x, y] in the units of the points
 * @param {Uint8Array} shown 1 where a point is shown
 * @returns {number[]}
 */
export function inside(points, polygon, shown) {
  const { x, y } = points;
  const [left, right] = [Math.min(...polygon.map((p) => p[0])), Math.max(...polygon.map((p) => p[0]))];
  const [low, high] = [Math.min(...polygon.map((p) => p[1])), Math.max(...polygon.map((p) => p[1]))];
  const taken = [];
  for (let i = 0; i < x.length; i++) {
    const px = x[i];
    const py = y[i];
    if (!shown[i] || px < left || px > right || py < low || py > high) continue;
    let odd = false;
    for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
      const [ax, ay] = polygon[a];
      const [bx, by] = polygon[b];
      if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) odd = !odd;
    }
    if (odd) taken.push(i);
  }
  return taken;
}

/**
 * The corners of the rectangle that has two points as opposite ones.
 * @param {number[]} a
 * @param {number[]} b
 */
export const rectangle = ([ax, ay], [bx, by]) => [[ax, ay], [bx, ay], [bx, by], [ax, by]];

/**
 * How many shown points lie within these ranges.
 * @param {Points} points
 * @param {Ranges} ranges
 * @param {Uint8Array} shown
 */
export function inView({ x, y }, ranges, shown) {
  let n = 0;
  for (let i = 0; i < x.length; i++) {
    if (shown[i] && x[i] >= ranges.x[0] && x[i] <= ranges.x[1] && y[i] >= ranges.y[0] && y[i] <= ranges.y[1]) n++;
  }
  return n;
}

/**
 * Position of the shown point nearest to (x, y) within `reach`, or -1.
 * @param {Points} points
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 * @param {Uint8Array} shown
 */
export function nearest(points, x, y, reach, shown) {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < points.x.length; i++) {
    const dx = points.x[i] - x;
    const dy = points.y[i] - y;
    const distance = dx * dx + dy * dy;
    if (distance <= least && shown[i]) {
      least = distance;
      best = i;
    }
  }
  return best;
}

/**
 * A view [centre x, centre y, span] in which a box holds all points, with a little air. The span is
 * what the shorter side of the box shows.
 * @param {Points} points
 * @param {{width: number, height: number}} box
 * @returns {[number, number, number]}
 */
export function home(points, { width, height }) {
  const [x, y] = [middle(points.x), middle(points.y)];
  const unit = Math.max(x.span / Math.max(1, width), y.span / Math.max(1, height), 1e-9);
  return [x.centre, y.centre, 1.08 * unit * Math.max(1, Math.min(width, height))];
}

/** @param {Float32Array} values */
function middle(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { centre: (low + high) / 2, span: high - low } : { centre: 0, span: 1 };
}

/**
 * Axis ranges of a view in a box, with one scale for both axes.
 * @param {[number, number, number]} view
 * @param {{width: number, height: number}} box
 * @returns {Ranges}
 */
export function ranges([x, y, span], { width, height }) {
  const unit = span / Math.max(1, Math.min(width, height));
  const [w, h] = [(width * unit) / 2, (height * unit) / 2];
  return { x: [x - w, x + w], y: [y - h, y + h] };
}

/**
 * Where a pixel of the box lies on the map.
 * @param {Ranges} at
 * @param {{width: number, height: number}} box
 * @param {number} left pixels from the left edge
 * @param {number} top pixels from the top edge
 * @returns {[number, number]}
 */
export function toMap(at, box, left, top) {
  return [
    at.x[0] + (left / box.width) * (at.x[1] - at.x[0]),
    at.y[1] - (top / box.height) * (at.y[1] - at.y[0]),
  ];
}

/**
 * The view after zooming by `factor` with the map point under the pointer held in place.
 * @param {[number, number, number]} view
 * @param {[number, number]} fixed
 * @param {number} factor below 1 looks closer
 * @returns {[number, number, number]}
 */
export function zoomed([x, y, span], [fx, fy], factor) {
  return [fx + (x - fx) * factor, fy + (y - fy) * factor, span * factor];
}
