import assert from "node:assert/strict";
import { test } from "node:test";
import { epochBeside, inkOn, inOrder, layerBeside, likenessSentence } from "./versus.js";

test("another run is taken at its last epoch, the same run at its first", () => {
  assert.equal(epochBeside([0, 3, 9], null, null), 9);
  assert.equal(epochBeside([0, 3, 9], null, 9), 0);
  assert.equal(epochBeside([0, 3, 9], null, 0), 9);
  assert.equal(epochBeside([0, 3, 9], 3, 9), 3);
  assert.equal(epochBeside([0, 3, 9], 4, null), 9);
});

test("the layer beside is the wanted one, or the one of the same number as far as there is one", () => {
  assert.equal(layerBeside(null, 3, 7), 3);
  assert.equal(layerBeside(null, 0, 7), 1);
  assert.equal(layerBeside(5, 3, 7), 5);
  assert.equal(layerBeside(9, 3, 7), 6);
  assert.equal(layerBeside(0, 3, 7), 3);
});

test("points keep their images whatever order those come in", () => {
  const points = { x: Float32Array.of(1, 2, 3), y: Float32Array.of(4, 5, 6) };
  assert.equal(inOrder(points, [7, 8, 9], [7, 8, 9]), points);
  const moved = inOrder(points, [7, 8, 9], [9, 5, 7]);
  assert.deepEqual([...moved.x], [3, NaN, 1]);
  assert.deepEqual([...moved.y], [6, NaN, 4]);
});

test("the sentence names the likest layer of each, and says where there is none", () => {
  const cell = (/** @type {number|null} */ value) => ({ value, reason: value === null ? "constant" : null });
  const told = /** @type {any} */ ({
    rows: ["Layer 1", "Layer 2"], columns: ["stem", "head"],
    cells: [[cell(0.2), cell(0.1)], [cell(null), cell(null)]],
  });
  assert.equal(likenessSentence(told), "Layer 1 is most like stem (0.20); Layer 2 is like none.");
  told.cells = [[cell(-0.2), cell(-0.1)], [cell(null), cell(0)]];
  assert.equal(likenessSentence(told), "Layer 1 is most like head (−0.10); Layer 2 is most like head (0.00).");
});

test("a number in a cell has the ink with more contrast", () => {
  assert.equal(inkOn("rgb(0,34,78)"), "#fff");
  assert.deepEqual([[254, 232, 56], [0, 150, 0], [190, 0, 0]].map((rgb) => inkOn(`rgb(${rgb})`)), ["#000", "#000", "#fff"]);
});
