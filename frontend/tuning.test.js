import assert from "node:assert/strict";
import { test } from "node:test";
import { angle, best, byFrequency, byOrientation, cycles, outline, spoke, tuningSentence } from "./tuning.js";

const tuning = {
  orientation: 88.2, frequency: 1.41421, osi: 0.5, bandwidth: 21.4, modulation: 1.2, peak: 4,
  orientations: [0, 45, 90, 135], frequencies: [0.5, 1.41421], patch: 16,
  response: [[0, 1], [1, 2], [3, 4], [0, 2]],
};

test("the curves go through the greatest response", () => {
  assert.deepEqual(best(tuning), [2, 1]);
  assert.deepEqual(byOrientation(tuning), [1, 2, 4, 2]);
  assert.deepEqual(byFrequency(tuning), [3, 4]);
  assert.deepEqual(best({ ...tuning, response: [[4, 1], [1, 4], [3, 4], [0, 2]] }), [1, 1]);
});

test("upright stripes stand upright in the drawing, and rising ones rise", () => {
  const [x, y] = spoke(90, 10);
  assert.ok(Math.abs(x) < 1e-9 && y === -10);
  assert.ok(spoke(45, 1)[0] > 0 && spoke(45, 1)[1] < 0);
});

test("horizontal stripes have one angle, and no orientation is no angle", () => {
  assert.deepEqual([179.7, 0, 179.2, null].map(angle), ["0°", "0°", "179°", "–"]);
});

test("an outline shows each orientation twice, opposite each other", () => {
  const places = outline([0, 90], [1, 2], 10).slice(1, -1).split("L");
  assert.deepEqual(places.map((place) => place.split(" ").map((n) => Math.round(Number(n)) + 0)),
    [[10, 0], [0, -20], [-10, 0], [0, 20]]);
});

test("a unit's tuning is told in a sentence, also where there is nothing to tell", () => {
  assert.equal(tuningSentence(tuning), "Prefers stripes at 88° (0° horizontal, 90° upright), 1.4 cycles a patch of 16 pixels; orientation selectivity 0.50, bandwidth 21°, F1/F0 1.20.");
  assert.match(tuningSentence({ ...tuning, bandwidth: null }), /no bandwidth, since the curve stays high/);
  assert.equal(tuningSentence({ ...tuning, peak: 0 }), "No grating excites this unit.");
  assert.equal(tuningSentence({ ...tuning, frequency: null }), "This unit answers alike to all gratings.");
  assert.equal(cycles(5.65685), "5.7");
});
