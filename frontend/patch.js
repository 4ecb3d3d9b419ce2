// Where a patch sits on its image: each layer has its own grid on the view, the central square of
// the image that the network saw.

/** @typedef {{image: [number, number], crop: number}} View image: height and width as stored */
/** @typedef {[number, number][]} Spans of each row and column: its first pixel, and past its last */

/**
 * The patch in pixels of the stored image.
 * @param {View} view
 * @param {Spans} spans
 * @param {number} row
 * @param {number} column
 */
export function box({ image: [height, width], crop }, spans, row, column) {
  const [top, bottom] = spans[row].map((at) => at + Math.floor((height - crop) / 2));
  const [left, right] = spans[column].map((at) => at + Math.floor((width - crop) / 2));
  return { left, top, right, bottom };
}

/**
 * The same as shares of the side of the image's central square, which a tile shows.
 * @param {View} view
 * @param {Spans} spans
 * @param {number} row
 * @param {number} column
 */
export function frame(view, spans, row, column) {
  const [height, width] = view.image;
  const { left, top, right, bottom } = box(view, spans, row, column);
  const side = Math.min(height, width);
  return {
    left: (left - Math.floor((width - side) / 2)) / side,
    top: (top - Math.floor((height - side) / 2)) / side,
    width: (right - left) / side,
    height: (bottom - top) / side,
  };
}
