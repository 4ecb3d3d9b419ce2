import assert from "node:assert/strict";
import { test } from "node:test";
import * as api from "./api.js";
import { after, bringsResults, createRuns, live, shownEpochs } from "./runs.js";

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
  ].reduce(after, run);
  assert.deepEqual([told.phase, told.progress.seq], ["analysing", 5]);
  assert.deepEqual(told.history, { epochs: [1], losses: [[0.9, 0.8]] });
  assert.deepEqual(told.checkpoints, [0, 1]);
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

test("results are there when a step has ended, or another has begun", () => {
  const at = { ...run, progress: { seq: 5, kind: "analysis", epoch: 3, what: "embedding", layer: 2 } };
  const told = (more) => bringsResults(at, { seq: 6, kind: "analysis", epoch: 3, what: "embedding", layer: 2, made: false, ...more });
  assert.equal(told({}), false);
  assert.deepEqual([told({ made: true }), told({ layer: 3 }), told({ what: "probes" }), told({ epoch: 0 })], [true, true, true, true]);
  assert.deepEqual([bringsResults(at, { seq: 6, kind: "analysed", epoch: 3 }), bringsResults(at, { seq: 6, kind: "progress" })], [true, false]);
});

test("an epoch is shown in its place whether or not it is complete", () => {
  assert.deepEqual(shownEpochs({ ...run, analysed: [0, 5], begun: [3] }), [0, 3, 5]);
});

test("a step that has ended lets go of what was held of its epoch, and of nothing else", async () => {
  const told = { ...run, state: "running", analysed: [3], begun: [0], stamps: { 0: "a", 3: "b" }, history: run.history };
  const asked = [];
  let source;
  globalThis.fetch = async (path) => {
    asked.push(path.replace("/api/", ""));
    const reply = path.endsWith("/runs") ? { runs: [told] } : path.endsWith("/trash") ? { runs: [] } : { ...told };
    return { ok: true, status: 200, json: async () => reply };
  };
  globalThis.EventSource = class {
    constructor() {
      this.heard = {};
      source = this;
    }
    addEventListener(kind, listener) {
      this.heard[kind] = listener;
    }
    close() {}
  };
  const timers = globalThis.setTimeout;
  globalThis.setTimeout = () => 0;
  const runs = createRuns();
  await runs.refresh();
  const look = async () => {
    await Promise.all([0, 3].map((epoch) => api.layers("a", epoch)));
    return asked.splice(0).filter((path) => path.includes("layers"));
  };
  assert.equal((await look()).length, 2);
  assert.deepEqual(await look(), [], "both are held");
  told.stamps = { 0: "a2", 3: "b" };
  const event = { seq: 9, kind: "analysis", epoch: 0, what: "probes", layer: 1, made: true };
  source.heard.analysis({ data: JSON.stringify(event) });
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assert.equal(runs.get("a").stamps[0], "a2");
  assert.deepEqual(await look(), ["runs/a/layers?epoch=0"]);
  globalThis.setTimeout = timers;
});
