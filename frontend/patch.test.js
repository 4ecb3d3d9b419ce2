import assert from "node:assert/strict";
import { test } from "node:test";
import { box, frame } from "./patch.js";

/** @returns {[number, number][]} */
const even = (cells, stride, extent) => Array.from({ length: cells }, (_, i) => [stride * i, stride * i + extent]);

const patches = even(7, 8, 16);

test("a patch is framed where the network saw it, on the centre of the image", () => {
  const view = { image: [96, 96], crop: 64 };
  assert.deepEqual(box(view, patches, 0, 6), { left: 64, top: 16, right: 80, bottom: 32 });
  assert.deepEqual(frame(view, patches, 0, 6), { left: 64 / 96, top: 16 / 96, width: 16 / 96, height: 16 / 96 });
  assert.deepEqual(frame({ image: [32, 32], crop: 32 }, patches, 1, 0), { left: 0, top: 8 / 32, width: 0.5, height: 0.5 });
});

test("each layer frames the same row and column on its own grid", () => {
  const view = { image: [96, 96], crop: 96 };
  const sides = [even(8, 12, 12), even(4, 24, 24), even(2, 48, 48)].map((spans) => frame(view, spans, 1, 1));
  assert.deepEqual(sides.map(({ left, width }) => [left, width]), [[1 / 8, 1 / 8], [1 / 4, 1 / 4], [1 / 2, 1 / 2]]);
});

test("a field that ends at the edge of the view is framed no further than that", () => {
  /** @type {[number, number][]} */
  const fields = [[0, 27], [5, 43], [21, 64]];
  const { left, top, width, height } = frame({ image: [64, 64], crop: 64 }, fields, 0, 2);
  assert.deepEqual([left, top, width, height], [21 / 64, 0, 43 / 64, 27 / 64]);
});

test("on an image that is wider than high a patch is cut from its centre", () => {
  const view = { image: [64, 96], crop: 64 };
  assert.deepEqual(box(view, patches, 0, 0), { left: 16, top: 0, right: 32, bottom: 16 });
  assert.deepEqual(frame(view, patches, 0, 0), { left: 0, top: 0, width: 0.25, height: 0.25 });
});
