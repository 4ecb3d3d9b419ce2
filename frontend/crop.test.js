import assert from "node:assert/strict";
import { test } from "node:test";
import { drawn, LEAST, middle, moved, resized } from "./crop.js";

const size = { width: 200, height: 100 };

test("a part begins in the middle and never leaves the picture", () => {
  assert.deepEqual(middle(size), { left: 75, top: 25, side: 50 });
  assert.deepEqual(moved(middle(size), -500, 500, size), { left: 0, top: 50, side: 50 });
  assert.deepEqual(resized(middle(size), 1000, size), { left: 50, top: 0, side: 100 });
  assert.equal(resized(middle(size), -1000, size).side, LEAST);
});

test("a drag draws a square in any direction", () => {
  assert.deepEqual(drawn([10, 10], [50, 30], size), { left: 10, top: 10, side: 40 });
  assert.deepEqual(drawn([50, 90], [10, 70], size), { left: 10, top: 50, side: 40 });
  assert.deepEqual(drawn([150, 10], [900, 900], size), { left: 150, top: 10, side: 50 });
  assert.deepEqual(drawn([199, 99], [199, 99], size), { left: 184, top: 84, side: LEAST });
});
