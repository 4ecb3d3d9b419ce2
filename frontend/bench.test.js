import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, layersOf, learnt, measures, nameOf, partners, reordered, seedsOf, sorted, toTry, valueOf, viewOf } from "./bench.js";

/** @param {string} rule @param {number[]} accuracy of layers 1.. */
function row(rule, accuracy, more = {}) {
  const layers = accuracy.map((a, i) => ({ layer: rule === "pixels" ? 0 : i + 1, accuracy: a, low: a - 0.1, high: a + 0.1 }));
  return {
    rule, view: "patches-64-grey", labels: false, crosses: false, loss_at: "top", seeds: [0], runs: [null],
    epoch: 1, probes: { fast: layers }, neighbours: layers, images: null, seconds: null, images_per_second: null, memory_mb: null, ...more,
  };
}

const bench = {
  protocols: ["fast", "all-layers"],
  summary: [
    row("pixels", [0.2]), row("random", [0.3, 0.4]), row("random", [0.35, 0.3], { view: "image-96-rgb" }),
    row("clapp", [0.5, 0.6], { seconds: 30 }),
    row("clapp++", [0.7, 0.55], { seconds: 90, probes: { "all-layers": [{ layer: null, accuracy: 0.8, low: 0.7, high: 0.9 }] } }),
  ],
};
const rules = (rows) => rows.map(({ rule }) => rule).join(" ");

test("layers are those that some row has, and pixels are none", () => {
  assert.deepEqual(layersOf(bench, "fast"), [1, 2]);
  assert.deepEqual(layersOf(bench, "all-layers"), []);
  assert.deepEqual(measures(bench), ["fast", "all-layers", "neighbours"]);
});

test("rows are sorted by any column, and what has no value there comes last both ways", () => {
  assert.equal(rules(sorted(bench.summary, "-2", "fast")), "clapp random random pixels clapp++");
  assert.equal(rules(sorted(bench.summary, "2", "fast")), "random random clapp pixels clapp++");
  assert.equal(rules(sorted(bench.summary, "-seconds", "fast")).slice(0, 13), "clapp++ clapp");
  assert.equal(rules(sorted(bench.summary, "rule", "fast")), "clapp clapp++ pixels random random");
  assert.equal(sorted(bench.summary, null, "fast"), bench.summary);
  const full = row("clapp", [0.5], { labels: false, crosses: true, images: 500, seconds: 60, images_per_second: 900, memory_mb: 70 });
  assert.deepEqual(["labels", "crosses", "images", "seconds", "speed", "memory"].map((column) => valueOf(full, column, "fast")), [0, 1, 500, 60, 900, 70]);
  assert.equal(valueOf(bench.summary[4], "all", "all-layers"), 0.8);
  assert.equal(valueOf(bench.summary[3], "neighbours", "fast"), 0.6);
});

test("a second click turns the order around", () => {
  assert.equal(reordered(null, "6"), "-6");
  assert.equal(reordered("-6", "6"), "6");
  assert.equal(reordered("6", "6"), "-6");
  assert.equal(reordered(null, "rule"), "rule");
  assert.equal(reordered("rule", "rule"), "-rule");
});

test("names tell two random encoders apart, and say nothing more where there is one", () => {
  assert.equal(nameOf(bench, bench.summary[1]), "random encoder, grey patches, 64 px");
  assert.equal(nameOf(bench, bench.summary[2]), "random encoder, colour images, 96 px");
  assert.equal(nameOf(bench, bench.summary[0]), "raw pixels");
  assert.equal(viewOf("strange"), "strange");
});

test("seeds are told where a row has fewer than its bench, and the pixels have none", () => {
  const three = { ...bench, seeds: [0, 1, 2] };
  assert.equal(seedsOf(three, row("clapp", [0.5], { seeds: [0, 2] })), "2 of 3 seeds");
  assert.equal(seedsOf(three, row("clapp", [0.5], { seeds: [0, 1, 2] })), "");
  assert.equal(seedsOf(three, row("pixels", [0.2], { seeds: [null] })), "");
});

test("a difference has the interval that Newcombe's example has", () => {
  // 56/70 and 48/80 (Newcombe 1998, table II, example a): 0.2, 0.0524 to 0.3339.
  const wilson = (right, n) => {
    const z = 1.959964;
    const p = right / n;
    const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
    const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
    return { accuracy: p, low: middle - half, high: middle + half };
  };
  const { by, low, high } = difference(wilson(56, 70), wilson(48, 80));
  assert.ok(Math.abs(by - 0.2) < 1e-9 && Math.abs(low - 0.0524) < 1e-4 && Math.abs(high - 0.3339) < 1e-4);
});

test("how runs learn is told as far as the record knows", () => {
  const older = { epochs: 4, learning_rate: 0.001, device: "auto" };
  assert.deepEqual(learnt(older), ["learning rate 0.001"]);
  assert.deepEqual(learnt({ ...older, schedule: "cosine", init: "he", w_init: "identity" }),
    ["learning rate 0.001", "falling to 0 by a cosine", "weights after He et al. at the start",
      "prediction matrices near the identity at the start"]);
  assert.deepEqual(learnt({ learning_rate: 0.01, init: "new" }), ["learning rate 0.01", "init new"]);
});

test("layers of two runs are matched by number, and one without a partner stays", () => {
  const told = partners([[[1, "layer1"], [2, "layer2"], [4, "layer4"]], [[1, "Layer 1"], [2, "layer2"], [3, "Layer 3"]]]);
  assert.deepEqual(told.map(({ layer, names, alone }) => `${layer} ${names.join(" / ")}${alone ? " alone" : ""}`),
    ["1 layer1 / Layer 1", "2 layer2", "3 Layer 3 alone", "4 layer4 alone"]);
});

test("without a name every bench is tried, newest first; with one, that alone", () => {
  assert.deepEqual(toTry([{ name: "new" }, { name: "old" }], null), ["new", "old"]);
  assert.deepEqual(toTry([{ name: "new" }], "gone"), ["gone"]);
});
