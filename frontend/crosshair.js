// A cursor that keys move over a map, and the rectangle that it spans.

import { rectangle } from "./plane.js";

/** @typedef {{at: [number, number], from: [number, number]|null}} Crosshair pixels; `from`: the corner it spans from */
/** @typedef {{width: number, height: number}} Size */

const STEP = 16; // pixels
const FINE = 2;
/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** In the middle of a map. @param {Size} size @returns {Crosshair} */
export const centred = ({ width, height }) => ({ at: [Math.round(width / 2), Math.round(height / 2)], from: null });

/**
 * The cursor after an arrow: Shift spans from where it stood, without it nothing is spanned any
 * more, Ctrl makes the step small. Null for any other key.
 * @param {Crosshair} cursor
 * @param {{key: string, shiftKey: boolean, ctrlKey: boolean}} press
 * @param {Size} size it stays within
 * @returns {Crosshair|null}
 */
export function stepped({ at, from }, { key, shiftKey, ctrlKey }, { width, height }) {
  const way = WAYS[key];
  if (!way) return null;
  const by = ctrlKey ? FINE : STEP;
  const within = (/** @type {number} */ value, /** @type {number} */ most) => Math.max(0, Math.min(most, value));
  return {
    at: [within(at[0] + by * way[0], width), within(at[1] + by * way[1], height)],
    from: shiftKey ? from ?? at : null,
  };
}

/** The corners of what is spanned, none where that is nothing. @param {Crosshair} cursor */
export const spanned = ({ at, from }) => (from ? rectangle(from, at) : []);
