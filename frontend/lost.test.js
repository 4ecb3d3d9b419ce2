import assert from "node:assert/strict";
import { test } from "node:test";
import { keptSentence, lostPoints, lostSentence } from "./lost.js";

const kept = Uint8Array.from([0, 2, 3, 10, 255, 9, 9, 9, 9, 9, 9]);
const shown = kept.map((_, place) => Number(place !== 1));

test("points that keep few of their nearest are lost, and those not asked are not", () => {
  assert.deepEqual([...lostPoints(kept)], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...lostPoints(null)], []);
  assert.deepEqual([...lostPoints(kept.slice(0, 3))], [0, 0, 0], "none has 10 others");
});

test("only shown ones are counted, and what was not asked is told", () => {
  assert.match(lostSentence(kept, shown, "a"), /^Ringed: 1 image .*\(10 looked at\)\. Not asked of 1 image\.$/);
  assert.match(lostSentence(null, new Uint8Array(), "a-1"), /saccade analyse a-1$/);
});

test("one image says how much of its surroundings is left", () => {
  assert.deepEqual([keptSentence(kept, 2), keptSentence(kept, 4), keptSentence(null, 0)], ["keeps 3 of its 10 nearest", "", ""]);
  assert.equal(keptSentence(kept.slice(0, 3), 1), "keeps 2 of its 2 nearest");
});
