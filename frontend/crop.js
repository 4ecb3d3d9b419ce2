// A square part of a picture: drawn, moved and made larger or smaller, never beyond the edges.

/** @typedef {{left: number, top: number, side: number}} Square pixels of the picture as it is shown */
/** @typedef {{width: number, height: number}} Size */

export const LEAST = 16; // pixels a side

/** @param {number} value @param {number} least @param {number} most */
const held = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

/** Half of the picture, in its middle. @param {Size} size @returns {Square} */
export function middle({ width, height }) {
  const side = Math.round(Math.min(width, height) / 2);
  return { left: Math.round((width - side) / 2), top: Math.round((height - side) / 2), side };
}

/** @param {Square} square @param {number} x @param {number} y @param {Size} size @returns {Square} */
export const moved = ({ left, top, side }, x, y, { width, height }) => ({
  left: held(left + x, 0, width - side), top: held(top + y, 0, height - side), side,
});

/** Larger or smaller about its middle. @param {Square} square @param {number} by @param {Size} size @returns {Square} */
export function resized({ left, top, side }, by, size) {
  const next = held(side + by, LEAST, Math.min(size.width, size.height));
  return moved({ left: left - (next - side) / 2, top: top - (next - side) / 2, side: next }, 0, 0, size);
}

/**
 * The square that a drag from one point to another draws.
 * @param {number[]} from
 * @param {number[]} to
 * @param {Size} size
 * @returns {Square}
 */
export function drawn([ax, ay], [bx, by], { width, height }) {
  const room = [bx < ax ? ax : width - ax, by < ay ? ay : height - ay];
  const side = held(Math.max(Math.abs(bx - ax), Math.abs(by - ay)), LEAST, Math.min(...room));
  return moved({ left: bx < ax ? ax - side : ax, top: by < ay ? ay - side : ay, side }, 0, 0, { width, height });
}
