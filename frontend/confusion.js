// A cell of a confusion matrix: which images are in it, and which units tell its two classes apart.

/**
 * The ids of the images of one class that were taken for another (or the same).
 * @param {ArrayLike<number>} ids
 * @param {ArrayLike<number>} labels of the images, in the order of the ids
 * @param {ArrayLike<number>} predicted the same; -1 where nothing was named
 * @param {number} truth
 * @param {number} answer
 * @returns {number[]}
 */
export function imagesOf(ids, labels, predicted, truth, answer) {
  const found = [];
  for (let i = 0; i < ids.length; i++) {
    if (labels[i] === truth && predicted[i] === answer) found.push(ids[i]);
  }
  return found;
}

/**
 * What a cell counts: `images` of the class `truth`, which has `of`, that were taken for `answer`.
 * @typedef {{truth: number, answer: number, images: number, of: number}} Cell
 */

/**
 * The cells of which most images were taken for another class, the largest first.
 * @param {number[][]} rows a true class each
 * @param {number} most
 */
export function mostMixedUp(rows, most) {
  /** @type {Cell[]} */
  const found = [];
  for (const [truth, row] of rows.entries()) {
    const of = row.reduce((a, b) => a + b, 0);
    for (let answer = 0; answer < row.length; answer++) {
      if (row[answer] && answer !== truth) found.push({ truth, answer, images: row[answer], of });
    }
  }
  return found.sort((a, b) => b.images - a.images).slice(0, most);
}

/**
 * The units with the largest difference of weights between two classes, the largest first; above
 * zero speaks for `answer`. For a class with itself, the units with the largest weights for it.
 * @param {Float32Array} weights [class, unit], flat
 * @param {number} classes
 * @param {number} truth
 * @param {number} answer
 * @param {number} most
 * @returns {{unit: number, weight: number}[]}
 */
export function unitsOf(weights, classes, truth, answer, most) {
  const units = weights.length / classes;
  const against = truth === answer ? null : truth;
  return Array.from({ length: units }, (_, unit) => ({
    unit,
    weight: weights[answer * units + unit] - (against === null ? 0 : weights[against * units + unit]),
  }))
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || a.unit - b.unit)
    .slice(0, most);
}

/**
 * The cell [truth, answer] that the address names, or null where there is no such.
 * @param {number[]} cell
 * @param {number} classes
 * @returns {[number, number]|null}
 */
export function cellOf(cell, classes) {
  const fits = cell.length === 2 && cell.every((at) => at >= 0 && at < classes);
  return fits ? [cell[0], cell[1]] : null;
}
