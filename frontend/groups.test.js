import assert from "node:assert/strict";
import { test } from "node:test";
import { typed, decoded, extent, percentile } from "./arrays.js";
import { byClass, byNumber, inTurns, shownPoints } from "./groups.js";
import { classMark, grey, ramp } from "./palette.js";

const labels = Int16Array.from([0, 1, -1, 1, 0]);

test("a hidden class is not shown, and neither is 'no label' when that is hidden", () => {
  assert.deepEqual([...shownPoints(labels, [1], 2)], [1, 0, 1, 0, 1]);
  assert.deepEqual([...shownPoints(labels, [2], 2)], [1, 1, 0, 1, 1]);
});

test("points are grouped by class, each in the colour it has everywhere", () => {
  const groups = byClass(labels, shownPoints(labels, [], 2), "light");
  assert.deepEqual(groups.map((g) => [...g.positions]), [[2], [0, 4], [1, 3]]);
  assert.equal(groups[1].colour, classMark(0, "light").colour);
});

test("the strongest responses are drawn last and stand out most", () => {
  const groups = byNumber(Float32Array.from([0, 10, 5]), [0, 10], new Uint8Array(3).fill(1), "dark");
  assert.deepEqual([...groups[groups.length - 1].positions], [1]);
  assert.equal(groups[groups.length - 1].colour, ramp(1, "dark"));
});

test("a number has its step of the ramp by where it lies between the ends, whatever these are", () => {
  const groups = byNumber(Float32Array.from([2000, 2011, 2012, 2005.5]), [2000, 2012], new Uint8Array(4).fill(1), "light");
  assert.deepEqual(groups.map((g) => [...g.positions]), [[0], [3], [1, 2]]);
  assert.deepEqual(groups.map((g) => g.colour), [0, 5 / 11, 1].map((share) => ramp(share, "light")));
});

test("a unit that always answers alike still has a colour", () => {
  const groups = byNumber(new Float32Array(4), [0, 0], new Uint8Array(4).fill(1), "light");
  assert.equal(groups.length, 1);
  assert.equal(groups[0].positions.length, 4);
});

test("points without a number are grey and lie below the others", () => {
  const groups = byNumber(Float32Array.from([0.4, NaN, 9]), [0, 1], new Uint8Array(3).fill(1), "light");
  assert.deepEqual(groups.map((g) => [...g.positions]), [[1], [0], [2]]);
  assert.deepEqual([groups[0].colour, groups[2].colour], [grey("light"), ramp(1, "light")]);
});

test("mixing loses no point and doubles none", () => {
  const many = Int16Array.from({ length: 3000 }, (_, i) => i % 10);
  const groups = byClass(many, new Uint8Array(3000).fill(1), "light");
  const order = inTurns(groups).flatMap((g) => [...g.positions]);
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 3000 }, (_, i) => i));
  for (const part of [order.slice(0, 600), order.slice(-600)]) {
    assert.equal(new Set(part.map((p) => many[p])).size, 10, "no class lies on top or below");
  }
});

test("more than ten classes keep apart by colour and shape together", () => {
  const marks = Array.from({ length: 20 }, (_, i) => classMark(i, "light"));
  assert.equal(new Set(marks.map((m) => m.colour + m.shape.name)).size, 20);
});

test("arrays cross the wire as little-endian base64, at any depth", () => {
  const bytes = new Uint8Array(Float32Array.from([1.5, -2]).buffer);
  const bdata = btoa(String.fromCharCode(...bytes));
  assert.deepEqual([...typed({ dtype: "f4", bdata })], [1.5, -2]);
  assert.deepEqual(decoded({ a: [{ b: { dtype: "f4", bdata } }], c: null }).a[0].b, Float32Array.from([1.5, -2]));
  assert.throws(() => typed({ dtype: "f8", bdata }), /f8/);
});

test("extents leave out what is no number", () => {
  assert.deepEqual(extent([3, NaN, -1]), [-1, 3]);
  assert.deepEqual(extent([]), [0, 1]);
  assert.equal(percentile([1, 2, 3, 4], 3), 0.5);
});
