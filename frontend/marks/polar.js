// Responses to stripes of all orientations, as a figure around a centre.

import { outline, spoke } from "../tuning.js";
import { svg } from "../dom.js";

const RADIUS = 50; // of the greatest response
const EDGE = 67;

/**
 * @param {number[]} degrees from 0 up to 180, anticlockwise from horizontal
 * @param {number[]} values
 * @param {{orientation: number|null, osi: number|null}} preferred to mark on the edge, and from the
 *   centre as far as the selectivity, 0 to 1, goes
 * @param {string} says the same in words
 */
export function polar(degrees, values, preferred, says) {
  const most = Math.max(...values) || 1;
  const around = [0, 45, 90, 135].map((turn) => {
    const [x, y] = spoke(turn, RADIUS);
    return svg("path", { class: "grid", d: `M${-x} ${-y}L${x} ${y}` });
  });
  return svg(
    "svg",
    { class: "polar", viewBox: `${-EDGE} ${-EDGE} ${2 * EDGE} ${2 * EDGE}`, role: "img", "aria-label": says },
    svg("circle", { class: "grid", r: RADIUS }),
    svg("circle", { class: "grid", r: RADIUS / 2 }),
    around,
    svg("path", { class: "curve", d: outline(degrees, values, RADIUS / most) }),
    preferred.orientation === null ? null : svg("path", { class: "preferred", d: marks(preferred.orientation, preferred.osi ?? 0) }),
    [0, 45, 90, 135].map((turn) => {
      const [x, y] = spoke(turn, RADIUS + 9);
      return svg("text", { x, y }, `${turn}°`);
    }),
  );
}

/** @param {number} degrees @param {number} osi */
function marks(degrees, osi) {
  const [x, y] = spoke(degrees, 1);
  const to = (/** @type {number} */ radius) => `${radius * x} ${radius * y}`;
  const [near, far, within] = [RADIUS - 3, RADIUS + 5, osi * RADIUS];
  return `M${to(-within)}L${to(within)}M${to(near)}L${to(far)}M${to(-near)}L${to(-far)}`;
}
