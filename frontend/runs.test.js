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

test("a checkpoint told twice, or after a later one, stands once and in its place", () => {
  const told = [10, 2, 10].map((epoch) => ({ kind: "checkpoint", epoch })).reduce(after, run);
  assert.deepEqual(told.checkpoints, [0, 2, 10]);
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
  assert.deepEqual(shownEpochs({ ...run, analysed: [0, 20], begun: [3] }), [0, 3, 20]);
});

/**
 * A server with a run, and what the test adds, and a store of what it tells; `held` are lists of runs that
 * the test lets go, `streams` those whose events are listened to.
 * @param {object} first the run
 */
async function served(first, t) {
  const world = { told: first, others: [], asked: [], held: null, heard: {}, streams: [], opened: 0, page: { hidden: false } };
  const state = { now: { run: null }, on: (_, listener) => (world.look = (run) => listener((state.now.run = run))) };
  world.runs = createRuns(state, world.page);
  t.mock.method(globalThis, "setTimeout", () => 0);
  t.mock.method(globalThis, "fetch", async (path, { method } = {}) => {
    world.asked.push(path.replace("/api/", ""));
    const all = { runs: [world.told, ...world.others] };
    if (path.endsWith("/runs") && !method && world.held) await new Promise((go) => world.held.push(go));
    const reply = path.endsWith("/trash") ? { runs: [] } : path.endsWith("/runs") && !method ? all : { ...world.told };
    return { ok: true, status: method === "DELETE" ? 204 : 200, json: async () => reply };
  });
  globalThis.EventSource = class {
    constructor(address) {
      world.streams.push((this.address = address));
      world.opened += 1;
    }
    addEventListener(kind, listener) {
      world.heard[kind] = (event) => listener({ data: JSON.stringify(event) });
    }
    close() {
      world.streams.splice(world.streams.indexOf(this.address), 1);
    }
  };
  await world.runs.refresh();
  return world;
}

const settled = () => new Promise((done) => setImmediate(done));
const ENDED = { seq: 9, kind: "analysis", epoch: 0, what: "probes", layer: 1, made: true };

test("a step that has ended lets go of what was held of its epoch, and of nothing else", async (t) => {
  const world = await served({ ...run, state: "running", analysed: [3], begun: [0], stamps: { 0: "a", 3: "b" } }, t);
  const look = async () => {
    await Promise.all([0, 3].map((epoch) => api.layers("a", epoch)));
    return world.asked.splice(0).filter((path) => path.includes("layers"));
  };
  assert.equal((await look()).length, 2);
  assert.deepEqual(await look(), [], "both are held");
  world.told = { ...world.told, stamps: { 0: "a2", 3: "b" } };
  world.heard.analysis(ENDED);
  await settled();
  assert.equal(world.runs.get("a").stamps[0], "a2");
  assert.deepEqual(await look(), ["runs/a/layers?epoch=0"]);
});

test("a list that comes after a newer look at a run does not bring the old back", async (t) => {
  const world = await served({ ...run, state: "running", analysed: [], begun: [0], stamps: { 0: "old" } }, t);
  world.held = [];
  const list = world.runs.refresh();
  await settled();
  world.told = { ...world.told, analysed: [0], begun: [], stamps: { 0: "new" } };
  world.heard.analysis(ENDED);
  await settled();
  assert.deepEqual(world.runs.get("a").analysed, [0]);
  world.held[0]();
  await list;
  const { analysed, stamps } = world.runs.get("a");
  assert.deepEqual([analysed, stamps], [[0], { 0: "new" }]);
});

test("a list from before a run was stopped, started or deleted does not undo that", async (t) => {
  const world = await served({ ...run, state: "running", begun: [], stamps: {} }, t);
  world.held = [];
  const before = async (act) => {
    const list = world.runs.refresh();
    await settled();
    await act();
    world.held.shift()();
    await list;
    return world.runs.list.map(({ id, state }) => `${id} ${state}`);
  };
  assert.deepEqual(await before(() => {
    world.told = { ...world.told, state: "stopping" };
    return world.runs.stop("a");
  }), ["a stopping"]);
  assert.deepEqual(await before(() => {
    world.told = { ...world.told, id: "b", state: "queued" };
    return world.runs.start({ name: "", config: {} });
  }), ["b queued", "a stopping"]);
  assert.deepEqual(await before(() => world.runs.remove("b")), []);
});

test("of two lists the one that was asked for last is heard, in whichever order they come", async (t) => {
  const world = await served({ ...run, state: "running", begun: [], stamps: {} }, t);
  world.held = [];
  const first = world.runs.refresh();
  await settled();
  world.told = { ...world.told, state: "finished" };
  const second = world.runs.refresh();
  await settled();
  world.held[1]();
  await second;
  world.held[0]();
  await first;
  assert.equal(world.runs.get("a").state, "finished");
});

test("of all runs one is listened to, the one in view if it is live, and none while nobody looks", async (t) => {
  const world = await served({ ...run, state: "queued", begun: [], stamps: {} }, t);
  const at = (id, after = 0) => [`/api/runs/${id}/events?after=${after}`];
  assert.deepEqual(world.streams, at("a"), "where none is at work, one that waits");
  for (const [id, state] of [["b", "running"], ["c", "running"], ["d", "finished"]]) {
    world.others.push({ ...world.told, id, state });
  }
  await world.runs.refresh();
  assert.deepEqual(world.streams, at("b"), "one at work before one that waits");
  const heard = ["c", "a", "d"].map((id) => (world.look(id), world.streams.join()));
  assert.deepEqual(heard, [...at("c"), ...at("a"), ...at("b")]);
  world.heard.progress({ seq: 5, kind: "progress", phase: "training" });
  world.page.hidden = true;
  world.runs.listen();
  assert.deepEqual(world.streams, []);
  await world.runs.refresh();
  world.look("b");
  assert.deepEqual(world.streams, []);
  world.page.hidden = false;
  await world.runs.refresh();
  assert.deepEqual(world.streams, at("b", 5), "from where it was left");
});

test("a run that is resumed is listened to anew", async (t) => {
  const world = await served({ ...run, state: "running", begun: [], stamps: {} }, t);
  await world.runs.resume("a");
  assert.deepEqual([world.opened, world.streams.length], [2, 1]);
});
