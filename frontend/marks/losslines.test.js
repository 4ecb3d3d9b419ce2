import assert from "node:assert/strict";
import { test } from "node:test";
import { firstOf } from "./losslines.js";

test("losses are of the top layers, and of all but the input where there is one for each", () => {
  const losses = (/** @type {number} */ n) => Array(n).fill(1);
  assert.deepEqual([1, 3, 6].map((n) => firstOf(losses(n), 7)), [6, 4, 1]);
  assert.equal(firstOf(losses(6), 1), 1, "nothing is below the first layer, whatever is known of the network");
});
