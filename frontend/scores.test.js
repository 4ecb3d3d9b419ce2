import assert from "node:assert/strict";
import { test } from "node:test";
import { atStep, axisOf, finite, marksOf, openGates, outline, overEpochs, scientific, scoreSentence, signed, stepsOf, tallest } from "./scores.js";

const step = (k, loss, gate = 0.5) => ({
  k, loss, true_gate: gate, wrong_gate: gate && 0.75, cosine: null, true_mean: 0.5, wrong_mean: -0.25,
  true: [1, 3], wrong: [4, 0],
});
const layer = (n, steps) => ({ layer: n, edges: [-2, 0, 2], steps, gaps: [] });
const told = {
  layers: [layer(1, [step(null, 1.5), step(1, 1), step(2, 2)])],
  by_epoch: [{ epoch: 0, layers: [layer(2, [step(1, 9)])] }, { epoch: 3, layers: [layer(2, [step(1, 9)]), layer(1, [step(null, 1.5), step(1, 1)])] }],
};

test("a step that is not there is all steps together", () => {
  assert.deepEqual(stepsOf(told), [1, 2]);
  assert.equal(atStep(told.layers[0], 2).loss, 2);
  assert.equal(atStep(told.layers[0], 7).k, null);
  assert.deepEqual(stepsOf({ layers: [] }), []);
});

test("an epoch without figures leaves a gap in the line", () => {
  assert.deepEqual(overEpochs(told, 1, (s) => s.loss), [{ layer: 1, values: [null, 1] }]);
});

test("both kinds of gate count alike, and a rule without a margin has none", () => {
  assert.equal(openGates(step(null, 1)), 0.625);
  assert.equal(openGates({ ...step(null, 1), true_gate: null }), null);
});

test("a histogram of few counts is as tall as one of many with the same shares", () => {
  const box = { width: 100, height: 40, most: tallest([[1, 3], [4, 0]]), axis: [-2, 2] };
  assert.equal(box.most, 1);
  assert.equal(outline([1, 3], [-2, 0, 2], box), "M0.00 40V30.00H50.00V10.00H100.00V40Z");
  assert.equal(outline([100, 300], [-2, 0, 2], box), outline([1, 3], [-2, 0, 2], box));
  assert.equal(tallest([[0, 0]]), 1);
});

test("the margin is always written, the ends where there is room", () => {
  assert.deepEqual(marksOf([-2, 2], [-1, 1]).map(({ says }) => says), ["−2", "−1", "+1", "+2"]);
  assert.deepEqual(marksOf([-1.1, 5.5], [-1, 1]).map(({ says }) => says), ["−1", "+1", "+5.5"]);
  assert.deepEqual(marksOf([-8, 1.5], [-1, 1]).map(({ says }) => says), ["−8", "−1", "+1"]);
  assert.deepEqual(marksOf([-2, 2], [-1, 1]).map(({ at }) => at), [0, 0.25, 0.75, 1]);
});

test("a layer is told in a sentence, with gates where it has some", () => {
  assert.match(scoreSentence(told.layers[0], 2), /^Layer 1, k = 2: true futures score 0\.50 on average, wrong ones −0\.25; loss on fresh views 2\.000; open gates 50\.0 % of the true, 75\.0 % of the wrong\.$/);
  assert.match(scoreSentence(told.layers[0], 2, "block1"), /^block1, k = 2: /);
  assert.doesNotMatch(scoreSentence(layer(1, [step(null, 1, null)]), null), /gates/);
});

test("distances and cosines are written with a true minus sign", () => {
  assert.deepEqual([scientific(2.44e-15), scientific(null)], ["2.4e−15", "–"]);
  assert.deepEqual([signed(0.5), signed(-0.25), signed(null)], ["+0.50", "−0.25", "–"]);
});

test("a gap that is not finite is said to be so", () => {
  assert.deepEqual([finite(1e-3), finite(null)], ["1.0e−3", "not finite"]);
});

test("one axis holds 98 % of each kind of each layer, and always the margin", () => {
  const wide = (low, counts) => ({ edges: counts.map((_, i) => low + i).concat(low + counts.length), steps: [{ true: counts, wrong: [...counts].reverse() }] });
  assert.deepEqual(axisOf([wide(-1, [5, 5])]), [-1.5, 1.5]);
  // Of 200, 2 at either end lie beyond; 3 do not.
  assert.deepEqual(axisOf([wide(-4, [2, 60, 20, 20, 20, 20, 56, 2])]), [-3, 3]);
  assert.deepEqual(axisOf([wide(-4, [3, 59, 20, 20, 20, 20, 56, 2])]), [-4, 4]);
  assert.deepEqual(axisOf([wide(-2, [50, 50, 50, 50]), wide(-9, [90, 10, 10, 10])]), [-9, 2]);
});

test("a histogram of another range stands at its place on the axis", () => {
  const box = { width: 100, height: 40, most: 1, axis: [-4, 4] };
  assert.equal(outline([1, 3], [-2, 0, 2], box), "M25.00 40V30.00H50.00V10.00H75.00V40Z");
});
