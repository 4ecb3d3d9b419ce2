import assert from "node:assert/strict";
import { test } from "node:test";
import { mapSvg } from "./mapsvg.js";

const drawing = {
  points: { x: Float32Array.of(0, 1, 50), y: Float32Array.of(0, 1, 50) },
  ranges: { x: /** @type {[number, number]} */ ([0, 2]), y: /** @type {[number, number]} */ ([0, 2]) },
  width: 200, height: 100, size: 8, chosen: false, selected: Uint8Array.of(0, 1, 0),
  groups: [{ colour: "#0072b2", symbol: "square", positions: Int32Array.of(0, 1, 2) }],
  title: "run <b>&\u0000", caption: "t-SNE", ink: "#000", soft: "#555", surface: "#fff",
  legend: [{ says: "</svg><script>", colour: "#0072b2", symbol: "square" }],
};
const points = (/** @type {string} */ svg) => [...svg.matchAll(/translate\(([\d.]+) ([\d.]+)\) scale\(4\)/g)].map((m) => [Number(m[1]), Number(m[2])]);

test("points lie where the ranges put them, and those out of view are left out", () => {
  assert.deepEqual(points(mapSvg(drawing)), [[0, 100], [100, 50]]);
});

test("selected points are drawn again over the faint ones", () => {
  const svg = mapSvg({ ...drawing, chosen: true });
  assert.deepEqual(points(svg), [[0, 100], [100, 50], [100, 50]]);
  assert.match(svg, /fill-opacity="0.15/);
});

test("a colour a point is kept", () => {
  const groups = [{ colour: ["#111111", "#222222"], symbol: "circle", positions: Int32Array.of(0, 1) }];
  assert.match(mapSvg({ ...drawing, groups }), /fill="#222222"/);
});

test("names stay names", () => {
  const svg = mapSvg(drawing);
  assert.ok(!svg.includes("<script>") && !svg.includes("<b>") && !svg.includes("\u0000"));
  assert.equal(svg.match(/<\/svg>/g)?.length, 2);
});
