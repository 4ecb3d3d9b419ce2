import assert from "node:assert/strict";
import { test } from "node:test";
import { cellOf, imagesOf, mostMixedUp, unitsOf } from "./confusion.js";

test("a cell holds the images of its class that were taken for the other, by id", () => {
  const [ids, labels, predicted] = [[7, 9, 12, 13, 20], [0, 1, 1, -1, 1], [1, 2, 1, -1, 2]];
  assert.deepEqual(imagesOf(ids, labels, predicted, 1, 2), [9, 20]);
  assert.deepEqual(imagesOf(ids, labels, predicted, 1, 1), [12]);
  assert.deepEqual(imagesOf(ids, labels, predicted, 2, 0), []);
});

test("the pairs mixed up most come first, and what was named rightly is none of them", () => {
  const rows = [[9, 2, 0], [1, 0, 5], [6, 0, 70]];
  assert.deepEqual(mostMixedUp(rows, 3), [
    { truth: 2, answer: 0, images: 6, of: 76 }, { truth: 1, answer: 2, images: 5, of: 6 }, { truth: 0, answer: 1, images: 2, of: 11 },
  ]);
  assert.equal(mostMixedUp(rows, 9).length, 4);
});

test("units are ranked by the size of the difference of weights, and its sign says for which class", () => {
  const weights = Float32Array.of(0, 1, 2, 5, 0, -2); // two classes, three units
  assert.deepEqual(unitsOf(weights, 2, 0, 1, 2), [{ unit: 0, weight: 5 }, { unit: 2, weight: -4 }]);
  assert.deepEqual(unitsOf(weights, 2, 1, 0, 1), [{ unit: 0, weight: -5 }]);
  assert.deepEqual(unitsOf(weights, 2, 0, 0, 9).map(({ unit }) => unit), [2, 1, 0]);
});

test("an address that names no cell is none", () => {
  assert.deepEqual(cellOf([1, 2], 3), [1, 2]);
  for (const wrong of [[], [1], [1, 3], [-1, 0], [0, 1, 2]]) assert.equal(cellOf(wrong, 3), null);
});
