// Where a patch sits on its image, as the network saw it: a grid on the central crop.

/** @typedef {{image_side: number, crop: number, patch: number, stride: number}} Grid */

/**
 * Left, top and side of a patch as shares of the image's side.
 * @param {Grid} grid
 * @param {number} row
 * @param {number} column
 */
export function frame({ image_side, crop, patch, stride }, row, column) {
  const margin = Math.floor((image_side - Math.min(crop, image_side)) / 2);
  return {
    left: (margin + stride * column) / image_side,
    top: (margin + stride * row) / image_side,
    side: patch / image_side,
  };
}
