import assert from "node:assert/strict";
import { test } from "node:test";
import { choices, groupsOf, isColouring, markOf, ofAnswers, ofColumn, ofUnit, short } from "./colourings.js";
import { classMark, grey, ramp } from "./palette.js";

const layers = {
  run: "a-1", classes: ["cat", "dog"], labels: Int16Array.from([0, 1, 1, -1]),
  layers: [{ name: "Input", probe: null, answers: false, missing: [] }, { name: "Layer 1", probe: { accuracy: 0.5 }, answers: true, missing: [] }],
};
const answers = {
  layer: 1, definition: "defined", predicted: Int16Array.from([0, 0, 1, -1]), confidence: Float32Array.from([0.9, 0.25, 1, 0]),
};
const all = new Uint8Array(4).fill(1);

test("what cannot be had says why", () => {
  const lacks = (...of) => Object.fromEntries(choices(...of).map(({ word, lacks: why }) => [word, why]));
  assert.deepEqual(lacks(layers, 1, null, []), {
    class: null, unit: "open one first", right: null, confidence: null, "meta.": "none with these images",
  });
  assert.equal(lacks(layers, 0, "L1 / 3", []).right, "unreadable");
  const alike = { ...layers, no_probe: "the training images have fewer than two classes" };
  assert.equal(lacks(alike, 0, null, []).right, alike.no_probe);
  const coming = { ...layers, layers: [{ ...layers.layers[0], missing: ["probes"] }] };
  assert.equal(lacks(coming, 0, null, []).right, "not made yet");
  const earlier = { ...layers, layers: [{ ...layers.layers[1], answers: false }] };
  assert.match(lacks(earlier, 0, null, []).confidence, /saccade analyse a-1/);
  const columns = [{ name: "year", words: [], values: Float32Array.from([NaN, NaN]) }];
  assert.equal(lacks(layers, 1, null, columns)["meta.year"], "no value here");
});

test("words of the address are those of the table, or a column", () => {
  assert.deepEqual(["class", "meta.year", "meta.", "shape", "toString"].map(isColouring), [true, true, false, false, false]);
});

test("right and wrong differ by hue and shape, and an image without a label is grey", () => {
  const colouring = ofAnswers("right", answers, layers);
  assert.deepEqual([...colouring.values], [0, 1, 0, -1]);
  const groups = groupsOf(colouring, all, "light");
  assert.deepEqual(groups.map(({ positions }) => [...positions]), [[3], [0, 2], [1]]);
  assert.equal(groups[0].colour, grey("light"));
  assert.notEqual(groups[1].symbol, groups[2].symbol);
  assert.equal(colouring.told(1), "probe names cat, confidence 0.25");
  assert.equal(colouring.told(3), "no label");
});

test("a unit's colours run from its least to its greatest response, and each image has its own", () => {
  const unit = ofUnit({ responses: Float32Array.from([-2, 0.5, 3, 1]), definitions: {} }, "L1 / 7");
  assert.deepEqual([unit.low, unit.high, unit.told(1), unit.told(0)], [-2, 3, "response 0.50", "response −2.00"]);
});

test("confidence runs from 0 to 1 whatever there is, and is none without a label", () => {
  const colouring = ofAnswers("confidence", answers, layers);
  assert.deepEqual([colouring.low, colouring.high, Number.isNaN(colouring.values[3])], [0, 1, true]);
  const groups = groupsOf(colouring, all, "dark");
  assert.equal(groups[groups.length - 1].colour, ramp(1, "dark"));
});

test("a column is words or numbers; the rare words are grey, and so is what has none", () => {
  const words = ofColumn({ name: "camera", words: ["a", "other"], values: Int16Array.from([0, 1, -1, 0]) });
  assert.equal(markOf(words, 0, "light").colour, classMark(0, "light").colour);
  assert.equal(markOf(words, 1, "light").colour, grey("light"));
  assert.notEqual(markOf(words, 1, "light").shape.name, markOf(words, -1, "light").shape.name);
  assert.deepEqual([words.told(0), words.told(2)], ["a", "no camera"]);
  const numbers = ofColumn({ name: "year", words: [], values: Float32Array.from([1999, NaN, 2001, 2000]) });
  assert.deepEqual([numbers.low, numbers.high, numbers.told(0), numbers.told(1)], [1999, 2001, "year 1999", "no year"]);
});

test("numbers are told as short as they can be", () => {
  assert.deepEqual([2001, 0.123456, -2.5, 1234.56].map(short), ["2001", "0.123", "−2.5", "1230"]);
});
