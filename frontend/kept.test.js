import assert from "node:assert/strict";
import { test } from "node:test";
import { createKept, isAbout, outdated } from "./kept.js";

const layers = (run, epoch) => `runs/${run}/layers?epoch=${epoch}`;

/** A server that counts how often it was asked for each path. */
function server(reply = (path, times) => ({ path, times })) {
  const asked = {};
  const ask = (path) => {
    asked[path] = (asked[path] ?? 0) + 1;
    return Promise.resolve(reply(path, asked[path]));
  };
  return { asked, ask };
}

test("a reply is asked for once and then comes from memory", async () => {
  const { asked, ask } = server();
  const { once } = createKept(ask, 10);
  await once(layers("a", 0));
  assert.equal((await once(layers("a", 0))).times, 1);
  assert.deepEqual(asked, { [layers("a", 0)]: 1 });
});

test("an epoch that has changed is asked for again, and the others are not", async () => {
  const { asked, ask } = server();
  const kept = createKept(ask, 10);
  const paths = [layers("a", 0), layers("a", 5), layers("a", 50), layers("ab", 5), "runs/a/layers/1/units/5?epoch=0"];
  for (const path of paths) await kept.once(path);
  kept.forget("a", { epochs: [5], across: false });
  for (const path of paths) await kept.once(path);
  assert.deepEqual(Object.values(asked), [1, 2, 1, 1, 1]);
});

test("a comparison is about both of its checkpoints", () => {
  const two = "runs/a/similarity?epoch=1&versus=b&versus_epoch=7";
  assert.deepEqual([["a", 1], ["b", 7], ["a", 7], ["b", 1], ["c", 1]].map(([run, epoch]) => isAbout(two, run, epoch)), [true, true, false, false, false]);
  const unit = "runs/a/layers/2/units/3/alike?epoch=1&versus=b%407";
  assert.deepEqual([isAbout(unit, "b", 7), isAbout(unit, "b", 1), isAbout(unit, "b")], [true, false, true]);
});

test("what has changed is told by the stamps and by the epochs that are complete", () => {
  const before = { analysed: [3], stamps: { 0: "x", 3: "y" } };
  const now = (analysed, stamps) => outdated(before, { analysed, stamps });
  assert.deepEqual(now([0, 3], { 0: "z", 3: "y" }), { epochs: [0], across: true });
  assert.deepEqual(now([3], { 0: "z", 3: "y" }), { epochs: [0], across: false });
  assert.deepEqual(now([3], { 3: "y" }), { epochs: [0], across: false }, "it is gone");
  assert.deepEqual(now([3], { ...before.stamps, 6: "w" }), { epochs: [], across: false });
});

test("when another epoch is complete, baselines and courses are asked for again, maps are not", async () => {
  const { asked, ask } = server();
  const kept = createKept(ask, 20);
  const again = [layers("a", 0), "runs/a/probes?epoch=0", "runs/a/layers/2/units?epoch=0", "runs/b/similarity?epoch=1&versus=a&versus_epoch=0"];
  const held = ["runs/a/layers/2/embedding?epoch=0", "runs/a/layers/2/units/7?epoch=0", "runs/a/layers/2/neighbours/9?epoch=0", layers("b", 0)];
  for (const path of [...again, ...held]) await kept.once(path);
  kept.forget("a", { epochs: [], across: true });
  for (const path of [...again, ...held]) await kept.once(path);
  assert.deepEqual(Object.values(asked), [2, 2, 2, 2, 1, 1, 1, 1]);
});

test("what could not be had, or had a reason to be missing, is asked for again", async () => {
  const { asked, ask } = server((_, times) => (times === 1 ? { reason: "not yet" } : { reason: null }));
  const kept = createKept(ask, 10);
  for (const _ of [1, 2, 3]) await kept.unlessLacking("p");
  assert.equal(asked.p, 2);
  let tries = 0;
  const failing = createKept(() => (++tries === 1 ? Promise.reject(new Error("no")) : Promise.resolve("yes")), 10);
  await assert.rejects(failing.once("q"));
  assert.equal(await failing.once("q"), "yes");
});

test("a reply that was asked for before the change does not push out the newer one", async () => {
  const waiting = [];
  const kept = createKept(() => new Promise((_, reject) => waiting.push(reject)), 10);
  const old = kept.once(layers("a", 0));
  kept.forget("a", { epochs: [0], across: false });
  const newer = kept.once(layers("a", 0));
  waiting[0](new Error("too late"));
  await assert.rejects(old);
  assert.equal(kept.once(layers("a", 0)), newer);
});

test("what was wanted longest ago goes first", async () => {
  const { asked, ask } = server();
  const kept = createKept(ask, 2);
  for (const path of ["a", "b", "a", "c", "a", "b"]) await kept.once(path);
  assert.deepEqual(asked, { a: 1, b: 2, c: 1 });
});

test("no more than so many are held", async () => {
  const { asked, ask } = server();
  const kept = createKept(ask, 2);
  for (const path of ["a", "b", "c", "a"]) await kept.once(path);
  assert.deepEqual(asked, { a: 2, b: 1, c: 1 });
});
