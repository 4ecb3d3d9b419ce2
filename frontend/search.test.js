import assert from "node:assert/strict";
import { test } from "node:test";
import { found } from "./search.js";

const there = {
  layer: 2,
  layers: [{ name: "Input", units: 0 }, { name: "Layer 1", units: 32 }, { name: "Layer 2", units: 200 }, { name: "encoder.conv", units: 300 }],
  epochs: [0, 30],
  classes: ["cat", "<b>dog</b>", "catfish"],
  ids: [30, 31, 32, 400],
  labels: [0, 0, 1, 2],
  shown: [1, 0, 1, 1],
  runs: [{ id: "clapp-photos-1a2b", name: "CLAPP demo" }, { id: "x", name: "cat photos" }],
  selection: [],
};
const says = (/** @type {string} */ text, more = {}) => found(text, { ...there, ...more }).map((match) => match.says);

test("a unit is found by its number in every layer that has one, the layer in view first", () => {
  assert.deepEqual(says("unit 117"), ["Unit L2 / 117", "Unit encoder.conv / 117"]);
  assert.deepEqual(says("u5"), ["Unit L2 / 5", "Unit L1 / 5", "Unit encoder.conv / 5"]);
  for (const text of ["L3/u117", "l3/117", "3/117", "layer 3 unit 117", " L3  u117 "]) {
    assert.deepEqual(found(text, there).map(({ go }) => go), [{ layer: 3, unit: 117, colour: "unit" }], text);
  }
  assert.deepEqual(says("unit 199"), ["Unit L2 / 199", "Unit encoder.conv / 199"]);
  assert.deepEqual(says("unit 200"), ["Unit encoder.conv / 200"]);
  assert.deepEqual(says("unit 300"), []);
  assert.deepEqual(says("L9/u1"), []);
});

test("a number is an image, a unit or an epoch, whichever there is", () => {
  assert.deepEqual(says("30"), ["Image 30", "Unit L2 / 30", "Unit L1 / 30", "Unit encoder.conv / 30", "Epoch 30"]);
  assert.deepEqual(says("image 400"), ["Image 400"]);
  assert.deepEqual(says("#31"), ["Image 31"]);
  assert.deepEqual(found("epoch 30", there)[0].go, { epoch: 30 });
  assert.deepEqual(says("image 7"), []);
});

test("a class is selected without its hidden images, or leads to its units", () => {
  const [select, prefer] = found("class dog", there);
  assert.deepEqual([select.says, select.go], ["Select <b>dog</b>", { selection: [32] }]);
  assert.deepEqual(prefer.go, { tab: "units", only: 1 });
  assert.deepEqual(found("cat", there)[0].go, { selection: [30] });
  assert.deepEqual(says("CATF", { selection: [30] }), ["Select catfish", "Add catfish", "Units that prefer catfish"]);
  assert.deepEqual(found("catf", { ...there, selection: [30] })[1].go, { selection: [30, 400] });
});

test("units that prefer a class are offered where there are images of another", () => {
  assert.deepEqual(says("cat", { labels: [0, 0, 0, -1], runs: [] }), ["Select cat"]);
});

test("layers and runs are found by their names", () => {
  assert.deepEqual(says("encoder"), ["encoder.conv"]);
  assert.deepEqual(found("l1", there)[0].go, { layer: 1 });
  assert.deepEqual(found("demo", there)[0].go, { run: "clapp-photos-1a2b" });
  assert.deepEqual(says("  "), []);
});
