import assert from "node:assert/strict";
import { test } from "node:test";
import { createComparing } from "./comparing.js";

/** Let all that has been answered be heard. */
const settled = () => new Promise((done) => setImmediate(done));

test("of epochs that play while one is worked out the last alone is asked for", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"] });
  const [put, heard] = [[], []];
  const { ask } = createComparing(() => assert.fail());
  for (let epoch = 0; epoch < 6; epoch++) {
    ask(`${epoch}`, () => new Promise((answer) => put.push({ epoch, answer })), (reply) => heard.push(reply));
    t.mock.timers.tick(800);
  }
  assert.deepEqual(put.map(({ epoch }) => epoch), [0]);
  t.mock.timers.tick(200);
  for (const { epoch, answer } of put) answer(epoch);
  await settled();
  assert.deepEqual([put.length, heard], [2, [5]]);
  ask("6", () => Promise.resolve(6), (reply) => heard.push(reply));
  await settled();
  assert.deepEqual(heard, [5, 6]);
});

test("what the server is too busy for is asked again while it is wanted, and no word said", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"] });
  const busy = Object.assign(new Error("ask again in a moment"), { code: "busy" });
  const [answers, heard] = [[busy, busy, new Error("no such epoch"), busy, busy], []];
  let wanted = true;
  const { ask } = createComparing(() => load());
  const load = () => wanted && ask("a", () => Promise.reject(answers.shift()), (reply, error) => heard.push(error.message));
  async function wait() {
    for (let i = 0; i < 4; i++) {
      await settled();
      t.mock.timers.tick(3000);
    }
  }
  load();
  await wait();
  assert.deepEqual([answers.length, heard], [2, ["no such epoch"]]);
  load();
  wanted = false;
  await wait();
  assert.equal(answers.length, 1);
});
