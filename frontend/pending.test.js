import assert from "node:assert/strict";
import { test } from "node:test";
import { lackingEpochs, pending } from "./pending.js";

const info = { layer: 3, name: "Layer 3", missing: ["embedding", "neighbours"] };
const run = {
  id: "a", state: "running", phase: "analysing", checkpoints: [0, 2, 4], analysed: [4], begun: [0],
  progress: { seq: 1, kind: "analysis", epoch: 0, what: "embedding", layer: 3 },
};
const state = (run, what = "embedding", layer = info, epoch = 0) => pending(run, epoch, layer, what)?.state ?? null;

test("results that are there are not waited for", () => {
  assert.equal(state(run, "probes"), null);
  assert.equal(pending(run, 0, undefined, "embedding"), null);
});

test("what is missing is being made, still to come, or made by nobody", () => {
  assert.equal(state(run), "now");
  assert.equal(state({ ...run, progress: { ...run.progress, layer: 2 } }), "later");
  assert.equal(state(run, "neighbours"), "later");
  assert.equal(state(run, "embedding", info, 2), "later", "another epoch is at work");
  assert.equal(state({ ...run, phase: "training" }), "later", "it trains on before it is analysed");
  for (const ended of ["interrupted", "failed", "stopped", "stopping", "finished"]) {
    assert.equal(state({ ...run, state: ended }), "stopped", ended);
  }
  assert.equal(state(null), "stopped");
});

test("the input is made with the first epoch, whichever that is", () => {
  const input = { layer: 0, name: "Input", missing: ["embedding"] };
  assert.equal(state({ ...run, progress: { ...run.progress, layer: 0, epoch: 4 } }, "embedding", input), "now");
});

test("a sentence names the layer and what it lacks", () => {
  assert.equal(pending(run, 0, info, "embedding").says, "The map of Layer 3 is being made.");
  assert.equal(pending(run, 0, info, "neighbours").says, "Nearest images of Layer 3 are still to come.");
});

test("epochs that lack something are told apart: under way, interrupted, not begun", () => {
  assert.equal(lackingEpochs(run), "0 under way; 2 not analysed yet");
  assert.equal(lackingEpochs({ ...run, state: "failed" }), "0 not complete; 2 not analysed yet");
  assert.equal(lackingEpochs({ ...run, analysed: [0, 2, 4], begun: [] }), "");
});
