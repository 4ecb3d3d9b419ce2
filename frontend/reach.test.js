import assert from "node:assert/strict";
import { test } from "node:test";
import { createReach } from "./reach.js";

test("a server that falls silent is told once, and once when it answers again", () => {
  const reach = createReach();
  /** @type {boolean[]} */
  const heard = [];
  reach.on(() => heard.push(reach.there));
  for (const answered of [true, false, false, true, true]) reach.heard(answered);
  assert.deepEqual(heard, [false, true]);
});
