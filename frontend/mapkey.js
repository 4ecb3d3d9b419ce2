// What the colours and shapes on a map mean, as the lines of a key that is printed beside it.

import { classMark, ramp } from "./palette.js";
import { markOf, short } from "./colourings.js";

const MOST = 36; // lines of categories
const STEPS = 5; // numbers along a ramp

/**
 * `off`: places of categories that are hidden; `colouring` null where points are coloured by class.
 * @param {{classes: string[], colouring: import("./colourings.js").Colouring|null, off: number[],
 *   tone: import("./palette.js").Tone, soft: string}} map
 * @returns {{says: string, colour: string, symbol: string}[]}
 */
export function mapKey({ classes, colouring, off, tone, soft }) {
  if (colouring && !colouring.names.length) {
    const { low, high } = colouring;
    const shares = Array.from({ length: STEPS }, (_, i) => 1 - i / (STEPS - 1));
    return shares.map((share) => ({ says: short(low + share * (high - low)), colour: ramp(share, tone), symbol: "circle" }));
  }
  const mark = (/** @type {number} */ i) => (colouring ? markOf(colouring, i, tone) : classMark(i, tone));
  const lines = (colouring?.names ?? classes).flatMap((says, i) => {
    const { colour, shape } = mark(i);
    return off.includes(i) ? [] : [{ says, colour, symbol: shape.name }];
  });
  const more = lines.length - MOST;
  return more > 0 ? [...lines.slice(0, MOST), { says: `and ${more} more`, colour: soft, symbol: "circle" }] : lines;
}
