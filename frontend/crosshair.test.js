import assert from "node:assert/strict";
import { test } from "node:test";
import { centred, spanned, stepped } from "./crosshair.js";

const SIZE = { width: 100, height: 60 };

/** @param {...string} keys S- with Shift, C- with Ctrl */
const after = (...keys) => keys.reduce((cursor, name) => {
  const [held, key] = name.includes("-") ? name.split("-") : ["", name];
  const next = stepped(cursor, { key: `Arrow${key}`, shiftKey: held.includes("S"), ctrlKey: held.includes("C") }, SIZE);
  assert.ok(next);
  return next;
}, centred(SIZE));

test("arrows move the cursor and never beyond the map, Ctrl in small steps", () => {
  assert.deepEqual(after("Right", "Up").at, [66, 14]);
  assert.deepEqual(after("C-Left").at, [48, 30]);
  assert.deepEqual(after(...Array(20).fill("Left"), ...Array(20).fill("Down")).at, [0, 60]);
});

test("Shift spans a rectangle from where the cursor stood, and an arrow without it lets go", () => {
  const cursor = after("Left", "S-Right", "S-Down");
  assert.deepEqual(spanned(cursor), [[34, 30], [50, 30], [50, 46], [34, 46]]);
  assert.deepEqual(spanned(after("Left", "S-Right", "Up")), []);
});

test("any other key is none of its own", () => {
  assert.equal(stepped(centred(SIZE), { key: "a", shiftKey: true, ctrlKey: false }, SIZE), null);
});
