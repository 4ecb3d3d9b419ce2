// Many small markers at once: each is put into the pixels of a canvas as a stamp, which is ten times
// faster than drawing it as a path or an image.

import { shapeNamed } from "./palette.js";

/**
 * How much of each pixel a marker covers, at each of its places within a pixel: `covers[row * STEPS +
 * column]` where its centre lies that many steps right of and below a pixel's edge.
 * @typedef {{side: number, covers: Uint8Array[]}} Stamp
 */

export const STEPS = 4; // places within a pixel, each way

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
  const side = 2 * Math.ceil(size / 2 + 1);
  const sheet = new OffscreenCanvas(side * STEPS, side * STEPS);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (sheet.getContext("2d", { willReadFrequently: true }));
  context.globalAlpha = opacity;
  for (let row = 0; row < STEPS; row++) {
    for (let column = 0; column < STEPS; column++) {
      const [x, y] = [column * side + side / 2 + column / STEPS, row * side + side / 2 + row / STEPS];
      context.beginPath();
      shapeNamed(symbol).draw(context, x, y, size / 2);
      context.fill();
    }
  }
  const { data } = context.getImageData(0, 0, sheet.width, sheet.height);
  const covers = Array.from({ length: STEPS ** 2 }, (_, step) => {
    const corner = Math.floor(step / STEPS) * side * sheet.width + (step % STEPS) * side;
    return Uint8Array.from({ length: side * side }, (_, i) =>
      data[4 * (corner + Math.floor(i / side) * sheet.width + (i % side)) + 3]);
  });
  const stamp = { side, covers };
  stamps.set(key, stamp);
  return stamp;
}

/** @typedef {{places: Int32Array, inks: Uint8Array}} Inked places in the data of a picture, and what covers them */

/** @type {WeakMap<Stamp, {width: number, inked: Inked[]}>} */
const laid = new WeakMap();

/** The pixels that a stamp covers in a picture of a width; worked out once. @param {Stamp} stamp @param {number} width */
function inkedOn(stamp, width) {
  const held = laid.get(stamp);
  if (held?.width === width) return held.inked;
  const { side, covers } = stamp;
  const inked = covers.map((cover) => {
    const covered = Array.from(cover.keys()).filter((k) => cover[k]);
    return {
      places: Int32Array.from(covered, (k) => 4 * (Math.floor(k / side) * width + (k % side))),
      inks: Uint8Array.from(covered, (k) => cover[k]),
    };
  });
  laid.set(stamp, { width, inked });
  return inked;
}

/**
 * What stamps a colour on a picture, centred at (x, y) in pixels of the screen; what would lie
 * outside, or nowhere, is left out.
 * @param {ImageData} picture
 * @param {Stamp} stamp
 * @param {number[]} rgb
 * @returns {(x: number, y: number) => void}
 */
export function stamper({ data, width, height }, stamp, [r, g, b]) {
  const inked = inkedOn(stamp, width);
  const { side } = stamp;

  /** @param {number} at @param {number} ink */
  function lay(at, ink) {
    const held = data[at + 3];
    if (held === 0) {
      data[at] = r;
      data[at + 1] = g;
      data[at + 2] = b;
      data[at + 3] = ink;
      return;
    }
    const both = ink + held - (ink * held) / 255;
    const share = ink / both;
    data[at] += (r - data[at]) * share;
    data[at + 1] += (g - data[at + 1]) * share;
    data[at + 2] += (b - data[at + 2]) * share;
    data[at + 3] = both;
  }

  return (x, y) => {
    const column = Math.round(x * STEPS);
    const row = Math.round(y * STEPS);
    const left = Math.floor(column / STEPS) - side / 2;
    const top = Math.floor(row / STEPS) - side / 2;
    if (!(left > -side && top > -side && left < width && top < height)) return;
    const { places, inks } = inked[(row & (STEPS - 1)) * STEPS + (column & (STEPS - 1))];
    const corner = 4 * (top * width + left);
    if (left >= 0 && top >= 0 && left + side <= width && top + side <= height) {
      for (let k = 0; k < places.length; k++) lay(corner + places[k], inks[k]);
      return;
    }
    for (let k = 0; k < places.length; k++) {
      const across = left + ((places[k] / 4) % width);
      const down = top + Math.floor(places[k] / 4 / width);
      if (across >= 0 && across < width && down >= 0 && down < height) lay(corner + places[k], inks[k]);
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
