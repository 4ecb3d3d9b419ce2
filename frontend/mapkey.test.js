import assert from "node:assert/strict";
import { test } from "node:test";
import { mapKey } from "./mapkey.js";
import { classMark, ramp } from "./palette.js";

const by = (/** @type {Record<string, any>} */ more) => /** @type {any} */ ({ word: "x", title: "", about: "", names: [], hues: [], values: [], low: 0, high: 1, told: () => "", ...more });
const map = { classes: ["cat", "dog", "owl"], colouring: null, off: [], tone: /** @type {const} */ ("light"), soft: "grey" };

test("without a colouring the key names the classes that are shown", () => {
  assert.deepEqual(mapKey({ ...map, off: [1] }).map(({ says }) => says), ["cat", "owl"]);
  const { colour, shape } = classMark(2, "light");
  assert.deepEqual(mapKey(map)[2], { says: "owl", colour, symbol: shape.name });
});

test("categories have their own names and colours", () => {
  const key = mapKey({ ...map, colouring: by({ names: ["right", "wrong"], hues: [0, 5] }) });
  assert.deepEqual(key.map(({ says, colour }) => [says, colour]), [["right", classMark(0, "light").colour], ["wrong", classMark(5, "light").colour]]);
});

test("numbers stand along the ramp, the greatest first", () => {
  const key = mapKey({ ...map, colouring: by({ low: -1, high: 3 }) });
  assert.deepEqual(key.map(({ says }) => says), ["3", "2", "1", "0", "−1"]);
  assert.deepEqual([key[0].colour, key[4].colour], [ramp(1, "light"), ramp(0, "light")]);
});

test("what does not fit is counted", () => {
  const key = mapKey({ ...map, classes: Array.from({ length: 40 }, (_, i) => `class ${i}`) });
  assert.deepEqual([key.length, key.at(-1)?.says], [37, "and 4 more"]);
});
