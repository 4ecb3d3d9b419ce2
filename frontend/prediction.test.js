import assert from "node:assert/strict";
import { test } from "node:test";
import { ends, points, predictionSentence, stepAt } from "./prediction.js";

const step = {
  k: 2, true_r: 0.5, wrong_r: null,
  prediction: Float32Array.from([-1, 0, 1, 3]),
  true: Float32Array.from([0, 2, 4, 1]),
  wrong: Float32Array.from([2, 0, 1, 4]),
  image: Int32Array.of(4, 5, 4, 5), row: Uint8Array.of(0, 0, 1, 1), column: Uint8Array.of(2, 2, 3, 3),
};

test("the prediction runs to the right and the response upwards, within the air", () => {
  const box = { width: 100, height: 60, air: 10 };
  assert.deepEqual(points(step, "true", box), [[10, 50], [30, 30], [50, 10], [90, 40]]);
  assert.deepEqual(points(step, "wrong", box)[3], [90, 10]);
});

test("what is always the same stands in the middle", () => {
  const flat = { ...step, prediction: new Float32Array(4) };
  assert.deepEqual(points(flat, "true", { width: 100, height: 60, air: 10 }).map(([x]) => x), [50, 50, 50, 50]);
});

test("a step that is not there is the first, and r that is not there is said so", () => {
  assert.equal(stepAt([step], null), step);
  assert.equal(stepAt([{ ...step, k: 1 }, step], 2), step);
  assert.equal(predictionSentence(step, 7), "Unit 7 at k = 2: r of prediction and response 0.50 for true futures, none for wrong ones.");
});

test("the ends of an axis are told apart whatever their size", () => {
  assert.deepEqual(ends(Float32Array.of(-0.06, -0.03)), ["−0.060", "−0.030"]);
  assert.deepEqual(ends(Float32Array.of(0, 250)), ["0", "250"]);
  assert.deepEqual(ends(Float32Array.of(1, 1)), ["1.00", "1.00"]);
});
