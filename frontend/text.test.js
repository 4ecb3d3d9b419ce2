import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, decimal, doing, duration, layerName, layerSentence, layersInWords, lossName, mapCaption, percent, plain, shortLayer, tail } from "./text.js";

test("numbers read as people write them", () => {
  assert.equal(counted(1, "image"), "1 image");
  assert.equal(counted(8000, "image"), "8,000 images");
  assert.equal(percent(0.5432), "54.3 %");
  assert.equal(percent(null), "–");
  assert.equal(decimal(-0.5), "−0.50");
  assert.deepEqual([-0.004, -0.005, 0].map((n) => decimal(n)), ["0.00", "−0.01", "0.00"]);
  assert.equal(decimal(NaN), "–");
  assert.equal(duration(42.4), "42 s");
  assert.equal(duration(2280), "38 min");
  assert.equal(duration(7500), "2 h 05 min");
  assert.deepEqual([59.4, 59.5].map(duration), ["59 s", "1 min"]);
  assert.deepEqual([60, 3590, 9900].map(duration), ["1 min", "1 h 00 min", "2 h 45 min"]);
  assert.equal(duration(null), "–");
});

test("a name with markup in it stays text in a chart", () => {
  assert.equal(plain("<b>a & b</b>"), "&lt;b&gt;a &amp; b&lt;/b&gt;");
});

test("a layer has one sentence that says what its map shows", () => {
  const probe = { accuracy: 0.61, low: 0.6, high: 0.62, random: { accuracy: 0.4, low: 0.39, high: 0.41 } };
  assert.equal(
    layerSentence({ layer: 5, name: "Layer 5", units: 256, features: 256, silent: 9, kept_neighbours: 0.41, loss: 0.5, probe }),
    "Layer 5: 256 units, 61.0 % probe accuracy (95 % interval 60.0 % to 62.0 %), random encoder 40.0 %, " +
      "the map keeps 41 % of nearest neighbours, 9 silent units, mean loss 0.500.",
  );
  assert.equal(
    layerSentence({ layer: 0, name: "Input", units: 1, features: 4096, silent: 0, kept_neighbours: null, loss: null, probe: null }),
    "Input: raw pixels.",
  );
});

test("all layers in words: the one that is read best, not the input, and each number in its column", () => {
  const probe = (/** @type {number} */ a, /** @type {any} */ random) => ({ accuracy: a, low: a - 0.125, high: a + 0.125, random });
  const layer = (/** @type {number} */ n, /** @type {any} */ more) => ({
    layer: n, name: n ? `Layer ${n}` : "Input", units: 8 * n + 1, silent: n, kept_neighbours: 0.5, loss: null, probe: null, ...more,
  });
  const told = layersInWords(/** @type {any} */ ({ layers: [
    layer(0, { probe: probe(0.75, { accuracy: 0.75 }) }),
    layer(1, { probe: probe(0.25, { accuracy: 0.125 }), loss: 1.5 }),
    layer(2, { probe: probe(0.5, null) }), layer(3, { kept_neighbours: null }),
  ] }));
  assert.match(told.says, /^Read best: Layer 2: /);
  assert.deepEqual(told.columns.map(({ says }) => says), ["layer", "units", "probe", "95 % from", "to", "random", "kept", "loss", "silent"]);
  assert.deepEqual(told.rows, [
    ["Input", null, 0.75, 0.625, 0.875, null, 0.5, null, null],
    ["Layer 1", 9, 0.25, 0.125, 0.375, 0.125, 0.5, 1.5, 1],
    ["Layer 2", 17, 0.5, 0.375, 0.625, null, 0.5, null, 2],
    ["Layer 3", 25, null, null, null, null, null, null, 3],
  ]);
});

test("a layer has the name its run gives it, and a label keeps the end of a long one", () => {
  assert.deepEqual([0, 3].map((n) => layerName(null, n)), ["Input", "Layer 3"]);
  assert.deepEqual([0, 1, 2].map((n) => layerName(["layer4"], n)), ["Input", "layer4", "Layer 2"]);
  assert.deepEqual(["Layer 3", "Layer norm", "layer4"].map(shortLayer), ["L3", "Layer norm", "layer4"]);
  assert.equal(tail("encoder.layers.encoder_layer_11"), "…er_layer_11");
});

test("a map says how it was made", () => {
  assert.equal(mapCaption({ perplexity: 30, seed: 0 }, 0.41), "t-SNE, perplexity 30, seed 0 · keeps 41 % of 10 nearest neighbours");
  assert.equal(mapCaption({ method: "t-SNE", perplexity: 19 / 3, kept: 7 }, 0.5), "t-SNE, perplexity 6.3 · keeps 50 % of 7 nearest neighbours");
  assert.equal(mapCaption(undefined, null), "t-SNE");
});

test("a live run says what it is doing", () => {
  const run = { state: "running", phase: "training", progress: { epoch: 3, epochs: 20, seconds_left: 130 } };
  assert.equal(doing(run), "epoch 4 of 20 · 2 min left");
  assert.equal(doing({ ...run, phase: "analysing", progress: { epoch: 1, what: "probes", layer: 2, seconds_left: null } }), "analysing epoch 1: probes, layer 2");
  assert.equal(doing({ ...run, state: "queued" }), "waiting for a free place");
});

test("a loss is named by the rule of the run", () => {
  const names = ["clapp", "clapp++", "hinge-cpc", "cpc", "supervised", "imported", undefined].map(lossName);
  const hinge = "hinge loss (2 at chance)";
  assert.deepEqual(names, [hinge, hinge, hinge, "InfoNCE loss (2.83 at chance)", "cross-entropy", "loss", "loss"]);
});
