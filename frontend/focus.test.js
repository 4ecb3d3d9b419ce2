import assert from "node:assert/strict";
import { test } from "node:test";
import { createFocus } from "./focus.js";

/** A page on a checkpoint, with a server that answers `reply(path)`; what was asked and told. */
function page(t, run, reply) {
  const world = { now: { layer: 3, unit: 7, sort: "number", like: null }, asked: [], told: [], reply };
  const look = (id) => (world.layers = { run: id, epoch: 0, stamp: `${id} 0` });
  look(run);
  t.mock.method(globalThis, "fetch", async (path) => {
    world.asked.push(path.replace("/api/", ""));
    return { ok: true, status: 200, json: async () => world.reply(path), ...world.refusal };
  });
  world.focus = createFocus(world, () => world.layers, (kind) => world.told.push(kind));
  return { world, look };
}

const settled = () => new Promise((done) => setImmediate(done));
const unitOrUnits = (path) => (path.includes("/units/") ? { layer: 3, unit: 7 } : { layer: 3 });

test("the units of a run are not those of another, at the same layer and number", async (t) => {
  const { world, look } = page(t, "a", unitOrUnits);
  const { focus } = world;
  await focus.load();
  await settled();
  assert.deepEqual([focus.units.layer, focus.unit.unit], [3, 7]);
  look("b");
  assert.deepEqual([focus.units, focus.unit], [null, null]);
  await focus.load();
  await settled();
  assert.deepEqual([focus.units.layer, focus.unit.unit], [3, 7]);
});
