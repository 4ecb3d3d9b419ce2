import assert from "node:assert/strict";
import { test } from "node:test";
import { createAtlas } from "./atlas.js";

// A browser that is always idle.
globalThis.window = { requestIdleCallback: setImmediate };
globalThis.document = { getElementById: () => null };
for (const name of ["addEventListener", "removeEventListener"]) globalThis[name] = () => {};
globalThis.createImageBitmap = async () => ({ close() {} });
const { prefetch } = await import("./prefetch.js");

const settled = () => new Promise((done) => setImmediate(done));
const layers = { dataset: "photos", split: "test", fingerprint: "f", ids: [1, 2] };

/** A page on an epoch of a run, whose server refuses with `status` unless that is 200. */
function page(t, run) {
  const world = { status: 200, asked: [], epoch: 0, atlas: createAtlas() };
  t.mock.method(globalThis, "fetch", async (path) => {
    world.asked.push(path);
    const { status } = world;
    return { ok: status === 200, status, headers: new Map(), json: async () => ({}), blob: async () => new Blob() };
  });
  const scene = { layers, status: "ready", target: () => ({ run, epoch: world.epoch }) };
  world.drawn = prefetch({ scene, atlas: world.atlas });
  return world;
}

test("of a long run the checkpoints near the one in view are fetched, and stay", async (t) => {
  const analysed = Array.from({ length: 300 }, (_, epoch) => epoch);
  const world = page(t, { id: "long", analysed, stamps: {}, layers: 7 });
  const fetched = async (epoch) => {
    world.epoch = epoch;
    world.drawn();
    for (let i = 0; i < 300; i++) await settled();
    const epochs = world.asked.splice(0).flatMap((path) => /layers\?epoch=(\d+)/.exec(path)?.[1] ?? []);
    return epochs.map(Number).sort((a, b) => a - b);
  };
  assert.deepEqual(await fetched(0), analysed.slice(0, 50));
  assert.deepEqual(await fetched(60), analysed.slice(50, 85));
  assert.deepEqual(await fetched(0), [], "they are still there");
  assert.equal((await fetched(250)).length, 50);
  await fetched(150);
  assert.ok((await fetched(0)).length > 0, "what was let go of comes again");
});

test("thumbnails that could not be had in passing are asked for again until they are there", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"] });
  const world = page(t, { id: "a", analysed: [], stamps: {}, layers: 7 });
  const pass = async (milliseconds) => {
    t.mock.timers.tick(milliseconds);
    for (const _ of [1, 2, 3]) await settled();
    return [world.asked.splice(0).length, world.atlas.ready];
  };
  world.status = 429;
  world.drawn();
  assert.deepEqual(await pass(0), [1, false]);
  assert.deepEqual(await pass(2900), [0, false]);
  assert.deepEqual(await pass(200), [1, false]);
  world.status = 200;
  assert.deepEqual(await pass(3100), [1, true]);
  world.drawn();
  assert.deepEqual(await pass(60000), [0, true]);
});
