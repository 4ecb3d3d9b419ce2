// Many small markers at once: each is put into the pixels of a canvas as a stamp, which is ten times
// faster than drawing it as a path or an image.

import { shapeNamed } from "./palette.js";

/** @typedef {{side: number, cover: Uint8Array}} Stamp how much of each pixel a marker covers */

/** @type {Map<string, Stamp>} */
const stamps = new Map();

/**
 * The stamp of a marker `size` pixels wide; each is made once.
 * @param {string} symbol
 * @param {number} size pixels of the screen
 * @param {number} opacity 0 to 1
 * @returns {Stamp}
 */
export function stampOf(symbol, size, opacity) {
  const key = `${symbol} ${size.toFixed(1)} ${opacity}`;
  const held = stamps.get(key);
  if (held) return held;
  const side = Math.ceil(size) + 2;
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    new OffscreenCanvas(side, side).getContext("2d"));
  context.globalAlpha = opacity;
  context.beginPath();
  shapeNamed(symbol).draw(context, side / 2, side / 2, size / 2);
  context.fill();
  const { data } = context.getImageData(0, 0, side, side);
  const stamp = { side, cover: Uint8Array.from({ length: side * side }, (_, i) => data[4 * i + 3]) };
  stamps.set(key, stamp);
  return stamp;
}

/**
 * What stamps a colour on a picture, centred at (x, y) in pixels of the screen; what would lie
 * outside, or nowhere, is left out. What does not depend on the place is worked out once.
 * @param {ImageData} picture
 * @param {Stamp} stamp
 * @param {number[]} rgb
 * @returns {(x: number, y: number) => void}
 */
export function stamper({ data, width, height }, { side, cover }, [r, g, b]) {
  const covered = Array.from(cover.keys()).filter((k) => cover[k]);
  const places = Int32Array.from(covered, (k) => 4 * (Math.floor(k / side) * width + (k % side)));
  const covers = Uint8Array.from(covered, (k) => cover[k]);
  return (x, y) => {
    const left = Math.round(x - side / 2);
    const top = Math.round(y - side / 2);
    if (!(left >= 0 && top >= 0 && left + side <= width && top + side <= height)) return;
    const corner = 4 * (top * width + left);
    for (let k = 0; k < places.length; k++) {
      const at = corner + places[k];
      const over = covers[k];
      const held = data[at + 3];
      if (held === 0) {
        data[at] = r;
        data[at + 1] = g;
        data[at + 2] = b;
        data[at + 3] = over;
        continue;
      }
      const share = over / 255;
      data[at] += (r - data[at]) * share;
      data[at + 1] += (g - data[at + 1]) * share;
      data[at + 2] += (b - data[at + 2]) * share;
      if (over > held) data[at + 3] = over;
    }
  };
}

/**
 * Red, green and blue of "#rrggbb" or "rgb(r,g,b)".
 * @param {string} colour
 */
export function rgbOf(colour) {
  if (colour[0] !== "#") return (colour.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}
