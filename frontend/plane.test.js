import assert from "node:assert/strict";
import { test } from "node:test";
import { home, inside, inView, nearest, ranges, toMap, zoomed } from "./plane.js";

const points = { x: Float32Array.from([0, 1, 2, 5, 1]), y: Float32Array.from([0, 1, 2, 5, 0.5]) };
const all = new Uint8Array(5).fill(1);

test("a lasso takes what it holds and never a hidden point", () => {
  const square = [[-1, -1], [3, -1], [3, 3], [-1, 3]];
  assert.deepEqual(inside(points, square, all), [0, 1, 2, 4]);
  assert.deepEqual(inside(points, square, Uint8Array.from([1, 0, 1, 1, 1])), [0, 2, 4]);
});

test("a lasso that dents inwards leaves out what lies in the dent", () => {
  const dented = [[-1, -1], [3, -1], [0.6, 0.9], [3, 3], [-1, 3]];
  assert.deepEqual(inside(points, dented, all), [0, 4]);
});

test("the nearest shown point within reach is found, else none", () => {
  assert.equal(nearest(points, 1.1, 0.9, 0.5, all), 1);
  assert.equal(nearest(points, 1.1, 0.9, 0.5, Uint8Array.from([1, 0, 1, 1, 1])), 4);
  assert.equal(nearest(points, 3.5, 3.5, 0.5, all), -1);
});

test("points in view are counted without the hidden ones", () => {
  const at = { x: [0, 5], y: [0, 1] };
  assert.equal(inView(points, at, all), 3);
  assert.equal(inView(points, at, Uint8Array.from([1, 0, 1, 1, 1])), 2);
});

test("the whole map is in view at first, with one scale for both axes", () => {
  const box = { width: 400, height: 200 };
  const { x, y } = ranges(home(points, box), box);
  assert.ok(x[0] < 0 && x[1] > 5 && y[0] < 0 && y[1] > 5 && y[1] - y[0] < 5.5);
  assert.ok(Math.abs((x[1] - x[0]) / box.width - (y[1] - y[0]) / box.height) < 1e-12);
});

test("what is above on the screen is above on the map", () => {
  const [at, box] = [{ x: [0, 4], y: [-1, 1] }, { width: 400, height: 200 }];
  assert.deepEqual(toMap(at, box, 100, 0), [1, 1]);
  assert.deepEqual(toMap(at, box, 0, 150), [0, -0.5]);
});

test("zooming holds the point under the pointer in place", () => {
  const box = { width: 300, height: 300 };
  const view = home(points, box);
  const fixed = toMap(ranges(view, box), box, 70, 40);
  const after = toMap(ranges(zoomed(view, fixed, 0.5), box), box, 70, 40);
  assert.ok(Math.hypot(after[0] - fixed[0], after[1] - fixed[1]) < 1e-9);
});
