import assert from "node:assert/strict";
import { test } from "node:test";
import { after, live } from "./runs.js";

const run = {
  id: "a", state: "queued", phase: null, progress: null, error: null,
  history: { epochs: [], losses: [] }, checkpoints: [0], analysed: [], warnings: [],
};

test("events tell what a run has done so far", () => {
  const told = [
    { seq: 2, kind: "progress", phase: "training", epoch: 0, losses: [1, 1], fraction: 0.2 },
    { seq: 3, kind: "epoch", epoch: 1, losses: [0.9, 0.8] },
    { seq: 4, kind: "checkpoint", epoch: 1 },
    { seq: 5, kind: "analysis", phase: "analysing", epoch: 0, what: "probes", fraction: 0.5 },
    { seq: 6, kind: "analysed", epoch: 0 },
  ].reduce(after, run);
  assert.deepEqual([told.phase, told.progress.seq], ["analysing", 5]);
  assert.deepEqual(told.history, { epochs: [1], losses: [[0.9, 0.8]] });
  assert.deepEqual([told.checkpoints, told.analysed], [[0, 1], [0]]);
  assert.deepEqual(run.history.epochs, [], "the run that was given stays as it was");
});

test("an epoch told twice, after a resume, is kept once", () => {
  const twice = [
    { kind: "epoch", epoch: 1, losses: [1] },
    { kind: "epoch", epoch: 2, losses: [0.5] },
    { kind: "epoch", epoch: 2, losses: [0.6] },
  ].reduce(after, run);
  assert.deepEqual(twice.history, { epochs: [1, 2], losses: [[1], [0.6]] });
});

test("the end of an attempt before does not end a run that was resumed", () => {
  assert.equal(after({ ...run, state: "running" }, { seq: 7, kind: "end", state: "stopped" }).state, "running");
  assert.equal(live({ ...run, state: "stopping" }), true);
  assert.equal(live({ ...run, state: "interrupted" }), false);
});

test("a warning stays, the newest of its kind, until it is settled", () => {
  const told = [
    { kind: "warning", code: "fell_back", message: "from step 2" },
    { kind: "warning", code: "not_saved", message: "step 3" },
    { kind: "warning", code: "not_saved", message: "step 4" },
  ].reduce(after, run);
  assert.deepEqual(told.warnings.map(({ message }) => message), ["from step 2", "step 4"]);
  const settled = after(told, { kind: "settled", code: "not_saved" });
  assert.deepEqual(settled.warnings.map(({ code }) => code), ["fell_back"]);
  assert.deepEqual(run.warnings, []);
});
