import assert from "node:assert/strict";
import { test } from "node:test";
import { createAsking } from "./asking.js";

/** Questions whose answers come when the test says so, and what was heard. */
function questions() {
  const [put, heard] = [[], []];
  const question = (name) => () => new Promise((answer, refuse) => put.push({ name, answer, refuse }));
  return { put, heard, question, hear: (reply, error) => heard.push(error ? error.message : reply) };
}

/** Let all that has been answered be heard. */
const settled = () => new Promise((done) => setImmediate(done));

test("an answer that comes after a newer question is not heard", async () => {
  const { put, heard, question, hear } = questions();
  const { ask } = createAsking();
  ask("a", question("a"), hear);
  ask("b", question("b"), hear);
  put[1].answer("of b");
  await settled();
  put[0].answer("of a");
  await settled();
  assert.deepEqual(heard, ["of b"]);
});

test("a failure that comes after a newer question is not heard, and does not forget that one", async () => {
  const { put, heard, question, hear } = questions();
  const { ask } = createAsking();
  ask("a", question("a"), hear);
  ask("b", question("b"), hear);
  put[0].refuse(new Error("too late"));
  await settled();
  assert.deepEqual([ask("b", question("b"), hear), heard, put.length], [false, [], 2]);
});

test("the same is asked once, and again some seconds after a failure, without another word", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"] });
  const { put, heard, question, hear } = questions();
  const { ask } = createAsking();
  assert.equal(ask("a", question("a"), hear), true);
  assert.equal(ask("a", question("a"), hear), false);
  put[0].refuse(new Error("no answer"));
  await settled();
  t.mock.timers.tick(900);
  assert.deepEqual([ask("a", question("a"), hear), ask("a", question("a"), hear)], [true, false]);
  t.mock.timers.tick(2000);
  assert.equal(put.length, 1);
  t.mock.timers.tick(200);
  assert.equal(put.length, 2);
  put[1].answer("of a");
  await settled();
  assert.equal(ask("a", question("a"), hear), false);
  assert.deepEqual(heard, ["no answer", "of a"]);
});

test("who leafs on within the pause asks nothing of what was passed", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { put, question, hear } = questions();
  const { ask } = createAsking();
  ask("a", question("a"), hear, 100);
  t.mock.timers.tick(60);
  ask("b", question("b"), hear, 100);
  t.mock.timers.tick(60);
  assert.deepEqual(put, []);
  t.mock.timers.tick(60);
  assert.deepEqual(put.map(({ name }) => name), ["b"]);
});

test("what is dropped is neither asked nor heard, and can be asked anew", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { put, heard, question, hear } = questions();
  const { ask, drop } = createAsking();
  ask("a", question("a"), hear);
  drop();
  put[0].answer("of a");
  await settled();
  ask("b", question("b"), hear, 100);
  drop();
  t.mock.timers.tick(200);
  assert.deepEqual([heard, put.length], [[], 1]);
  assert.equal(ask("b", question("b"), hear), true);
});

test("after a failure nothing at all is a question of its own, which clears what was told", async () => {
  const { put, heard, question, hear } = questions();
  const { ask } = createAsking();
  ask("a", question("a"), hear);
  put[0].refuse(new Error("no answer"));
  await settled();
  assert.equal(ask("", question("nothing"), hear), true);
  put[1].answer("nothing");
  await settled();
  assert.deepEqual(heard, ["no answer", "nothing"]);
});
