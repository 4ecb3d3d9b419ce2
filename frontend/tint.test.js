import assert from "node:assert/strict";
import { test } from "node:test";
import { createTint } from "./tint.js";

const layers = { run: "a", epoch: 0, stamp: "a 0 x", dataset: "photos", split: "test", ids: [4, 5], classes: [], layers: [{ name: "Input" }] };

/** A tint of `layers` whose server answers as it is told; what was asked for is counted. */
function tinted(colour, more = {}) {
  const server = { asked: 0, reply: null };
  globalThis.fetch = async () => {
    server.asked++;
    if (!server.reply) throw new Error("no network");
    return { ok: true, status: 200, json: async () => server.reply };
  };
  const state = { now: { colour, layer: 0, unit: null } };
  const shown = { ...layers, ...more };
  const tint = createTint(state, () => shown, () => null, () => {});
  const load = () => {
    tint.load();
    return new Promise((done) => setTimeout(done, 5));
  };
  return { server, tint, load };
}

test("a column that could not be had is asked for again, and then colours the points", async () => {
  const { server, tint, load } = tinted("meta.year");
  await load();
  assert.match(tint.refusal, /does not answer/);
  server.reply = { dataset: "photos", split: "test", columns: [{ name: "year", words: [], values: [1990, 1991] }], remarks: [] };
  await load();
  assert.equal(server.asked, 2);
  assert.deepEqual([tint.refusal, tint.colouring?.title], [null, "year"]);
});

test("a column of other images than those in view colours nothing", async () => {
  const { server, tint, load } = tinted("meta.year", { ids: [4, 5, 6], dataset: "more" });
  server.reply = { dataset: "more", split: "test", columns: [{ name: "year", words: [], values: [1990, 1991] }], remarks: [] };
  await load();
  assert.deepEqual([tint.colouring, tint.refusal], [null, "These images have no column year."]);
});

test("answers of the probe that could not be had are asked for again", async () => {
  const { server, tint, load } = tinted("right");
  await load();
  assert.match(tint.refusal, /does not answer/);
  server.reply = { run: "a", epoch: 0, layer: 0, predicted: [0, 1], confidence: [1, 1], reason: null };
  await load();
  assert.equal(tint.refusal, null);
});
