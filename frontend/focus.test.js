import assert from "node:assert/strict";
import { test } from "node:test";
import { createFocus } from "./focus.js";

/** A page on a checkpoint of a run, and a server that refuses with `status` unless that is 200. */
function page(t, run) {
  const now = { layer: 3, unit: 7, sort: "number", like: null };
  const world = { now, status: 200, layers: null, asked: [] };
  world.look = (id) => (world.layers = { run: id, epoch: 0, stamp: `${id} 0` });
  world.look(run);
  t.mock.method(globalThis, "fetch", async (path) => {
    world.asked.push(path.replace(/.*layers|\?.*/g, ""));
    const { status } = world;
    const reply = path.includes("/alike") ? { r: [now.like] } : path.includes("/units/") ? { layer: 3, unit: 7 } : { layer: 3 };
    return { ok: status === 200, status, json: async () => (status === 200 ? reply : null) };
  });
  world.focus = createFocus(world, () => world.layers, () => {});
  return world;
}

const settled = () => new Promise((done) => setImmediate(done));

test("the units of a run are not those of another, at the same layer and number", async (t) => {
  const { focus, look } = page(t, "a");
  focus.load();
  await settled();
  assert.deepEqual([focus.units.layer, focus.unit.unit], [3, 7]);
  look("b");
  assert.deepEqual([focus.units, focus.unit], [null, null]);
  focus.load();
  await settled();
  assert.deepEqual([focus.units.layer, focus.unit.unit], [3, 7]);
});

test("what failed in passing is asked for again until it is there, without another step", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"] });
  const world = page(t, "c");
  const { focus, asked } = world;
  const pass = async (milliseconds) => {
    t.mock.timers.tick(milliseconds);
    await settled();
    return asked.splice(0).sort();
  };
  world.status = 429;
  focus.load();
  assert.deepEqual(await pass(0), ["/3/units", "/3/units/7"]);
  assert.match(focus.unitsError.message, /429/);
  assert.match(focus.unitError.message, /429/);
  focus.load();
  assert.deepEqual(await pass(2900), []);
  world.status = 500;
  assert.deepEqual(await pass(200), ["/3/units", "/3/units/7"]);
  world.status = 200;
  assert.deepEqual(await pass(3100), ["/3/units", "/3/units/7"]);
  assert.deepEqual([focus.units.layer, focus.unit.unit, focus.unitError], [3, 7, null]);
  assert.deepEqual(await pass(60000), []);
});

test("what there is not is not asked for by the clock", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"] });
  const world = page(t, "d");
  world.status = 404;
  world.focus.load();
  await settled();
  t.mock.timers.tick(60000);
  await settled();
  assert.equal(world.asked.length, 2);
});

test("the grid is sorted by likeness to the unit that was asked for last, back and forth", async (t) => {
  const { focus, now } = page(t, "e");
  const alike = async (changes) => {
    Object.assign(now, changes);
    focus.load();
    await settled();
    return focus.units.alike?.unit;
  };
  assert.equal(await alike({}), undefined);
  const likes = [];
  for (const like of [1, 2, 1]) likes.push(await alike({ sort: "alike", like }));
  assert.deepEqual(likes, [1, 2, 1]);
  now.like = 2;
  focus.load();
  assert.equal(await alike({ like: 1 }), 1);
  assert.equal(await alike({ like: 2 }), 2);
  focus.load();
  now.layer = 4;
  focus.load();
  await settled();
  assert.equal(await alike({ layer: 3 }), 2);
});
