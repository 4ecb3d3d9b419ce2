import assert from "node:assert/strict";
import { test } from "node:test";
import { inView, revealing } from "./rows.js";

const grid = { columns: 10, row: 100, count: 3195 };

test("only the rows in view and those to spare have tiles", () => {
  assert.deepEqual(inView(grid, { from: 0, height: 450 }, 2), { first: 0, last: 70, above: 0, below: 313 });
  assert.deepEqual(inView(grid, { from: 1050, height: 450 }, 2), { first: 80, last: 170, above: 8, below: 303 });
  assert.deepEqual(inView(grid, { from: 31500, height: 450 }, 2), { first: 3130, last: 3195, above: 313, below: 0 });
});

test("a view past the end, or of nothing, has no tile too many", () => {
  assert.deepEqual(inView(grid, { from: 99999, height: 450 }, 0), { first: 3195, last: 3195, above: 320, below: 0 });
  assert.deepEqual(inView({ ...grid, count: 0 }, { from: 0, height: 450 }, 2), { first: 0, last: 0, above: 0, below: 0 });
});

test("a tile is revealed with the least scrolling", () => {
  const view = { from: 1000, height: 450 };
  assert.equal(revealing(grid, view, 105), 1000);
  assert.equal(revealing(grid, view, 95), 900);
  assert.equal(revealing(grid, view, 150), 1150);
  assert.equal(revealing(grid, { from: 0, height: 50 }, 7), 50);
});
