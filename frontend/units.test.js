import assert from "node:assert/strict";
import { test } from "node:test";
import { dprimeOf, silent, usualMost } from "./figures.js";
import { filterOf, isThere, ordered, orderName, possible, spread, stepped } from "./units.js";

const units = {
  units: 4,
  classes: ["cat", "dog"],
  best_class: Int16Array.from([0, 1, 1, 0]),
  best_dprime: Float32Array.from([0.5, 2, NaN, 1]),
  dprime: Float32Array.from([0.5, 0, 1, 2, NaN, NaN, 1, -1]),
  sparseness: Float32Array.from([0.1, 0.4, 0.3, 0.4]),
  active: Float32Array.from([0.2, 0.1, 0, 0.5]),
  silent: Uint8Array.from([0, 0, 1, 0]),
};

test("units stand in order of a number, the largest first, those without one last", () => {
  assert.deepEqual(ordered(units, "dprime", null), [1, 3, 0, 2]);
  assert.deepEqual(ordered(units, "sparseness", null), [1, 3, 2, 0]);
  assert.deepEqual(ordered(units, "active", null), [3, 0, 1, 2]);
  assert.deepEqual(ordered(units, "number", null), [0, 1, 2, 3]);
});

test("units that answer to no grating come last by orientation selectivity", () => {
  const tuned = { ...units, osi: Float32Array.from([0.1, NaN, 0.7, 0.7]) };
  assert.deepEqual(ordered(tuned, "osi", null), [2, 3, 0, 1]);
  assert.deepEqual(ordered({ ...units, osi: null }, "osi", null), ordered(units, "dprime", null));
});

test("without labels the order by d' is one by sparseness", () => {
  const plain = { ...units, best_dprime: null, dprime: null, best_class: null };
  assert.deepEqual(ordered(plain, "dprime", null), ordered(plain, "sparseness", null));
});

test("a filter leaves the units that like a class best", () => {
  assert.deepEqual(ordered(units, "dprime", 1), [1, 2]);
});

test("where no unit likes a class, as where there is one class alone, a filter leaves all", () => {
  const plain = { ...units, best_class: null };
  assert.deepEqual(ordered(plain, "number", 1), [0, 1, 2, 3]);
  assert.deepEqual([filterOf(plain, 1), filterOf(units, 1), filterOf(units, null)], [null, 1, null]);
});

test("arrows walk the order of the grid and stop at its ends", () => {
  const order = [1, 3, 0, 2];
  assert.equal(stepped(order, 3, 1), 0);
  assert.equal(stepped(order, 1, -1), 1);
  assert.equal(stepped(order, 2, 1), 2);
  assert.equal(stepped(order, null, 1), 1);
  assert.equal(stepped([], 2, 1), null);
});

test("silent units are counted, and each unit has its own row of d'", () => {
  assert.equal(silent(units), 1);
  assert.deepEqual([...dprimeOf(units, 3)], [1, -1]);
});

test("the columns of a tile are as high as nine in ten units need, and never less than 1", () => {
  const best = (/** @type {number[]} */ ...values) => usualMost(/** @type {any} */ ({ best_dprime: Float32Array.from(values) }));
  assert.equal(best(9, 3, 8, 2, 7, 4, 99, 6, 5, 1), 99);
  assert.equal(best(9, 3, 8, 2, 7, 4, 99, 6, 5, 1, 0), 9);
  assert.equal(best(NaN, 3, NaN, 2), 3);
  assert.deepEqual([best(0.5, 0.25), best(), usualMost(/** @type {any} */ ({ best_dprime: null }))], [1, 1, 1]);
});

test("change and likeness are orders where there are such numbers, and are named by what they are about", () => {
  const plain = { ...units, change: null, change_from: null };
  assert.equal(possible(plain, "change"), "dprime");
  assert.equal(possible({ ...plain, best_dprime: null }, "alike"), "sparseness");
  const told = {
    ...units, change: Float32Array.from([0.2, NaN, 1.5, 0]), change_from: 0,
    alike: { unit: 3, r: Float32Array.from([-0.5, 0.9, NaN, 1]) },
  };
  assert.ok(isThere(told, "change") && isThere(told, "alike"));
  assert.deepEqual(ordered(told, "change", null), [2, 0, 3, 1]);
  assert.deepEqual(ordered(told, "alike", null), [3, 1, 0, 2]);
  assert.equal(orderName(told, "change"), "change since epoch 0");
  assert.equal(orderName(told, "alike"), "similarity to unit 3");
  assert.equal(orderName(told, "alike", 1), "similarity to unit 1");
  assert.equal(orderName(told, "number"), "number");
});

test("patches that answer with exactly 0 are counted apart from small answers", () => {
  const histogram = { edges: [0, 1, 2], counts: [90, 10] };
  assert.deepEqual(spread({ histogram, active: 0.15 }), { all: 100, zeros: 85, edges: [0, 1, 2], counts: [5, 10] });
  assert.deepEqual([0.15, 0.29].map((active) => spread({ histogram, active: Math.fround(active) }).zeros), [85, 71]);
  assert.deepEqual(spread({ histogram: { edges: [0, 1], counts: [40] }, active: 0 }).counts, [0]);
  const signed = { edges: [-1, 0, 1], counts: [50, 50] };
  assert.deepEqual(spread({ histogram: signed, active: 0.3 }), { all: 100, zeros: 0, ...signed });
});
