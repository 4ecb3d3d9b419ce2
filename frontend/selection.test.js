import assert from "node:assert/strict";
import { test } from "node:test";
import { counts, joined, mask, packed, unpacked } from "./selection.js";

test("a lasso replaces, with Shift adds, with Alt subtracts", () => {
  assert.deepEqual(joined([5, 9], [3, 1, 3], "replace"), [1, 3]);
  assert.deepEqual(joined([5, 9], [3, 100, 5], "add"), [3, 5, 9, 100]);
  assert.deepEqual(joined([3, 5, 9], [5, 7], "subtract"), [3, 9]);
});

test("every set comes back from the address as it went in", () => {
  const all = Array.from({ length: 8000 }, (_, i) => 5000 + i);
  for (const ids of [[], [0], [7], [0, 1, 2], [5003, 12999], [0, 127, 128, 16384, 2097152], all, all.filter((i) => i % 7)]) {
    assert.deepEqual(unpacked(packed(ids)), ids);
  }
});

test("eight thousand selected images fit into an address", () => {
  const all = Array.from({ length: 8000 }, (_, i) => 5000 + i);
  assert.ok(packed(all).length < 1400);
  assert.ok(packed([17, 90000]).length < 10);
  assert.match(packed(all.filter((i) => i % 3)), /^[\w.-]+$/);
});

test("an address that was cut or made up selects nothing and breaks nothing", () => {
  for (const text of ["x", "b", "g***", "b.%%", "<script>"]) assert.deepEqual(unpacked(text), []);
});

test("classes are counted in all and in the selection, images without a label last", () => {
  const ids = Int32Array.from([10, 11, 12, 13]);
  const selected = mask(ids, [11, 13, 99]);
  assert.deepEqual([...selected], [0, 1, 0, 1]);
  assert.deepEqual(counts(Int16Array.from([0, 1, 1, -1]), selected, 2), { all: [1, 2, 1], taken: [0, 1, 1] });
});
