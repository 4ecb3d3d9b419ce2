import assert from "node:assert/strict";
import { test } from "node:test";
import { columns } from "./columns.js";

/** A block as backend/standalone/columns.py makes it. @param {any} head @param {ArrayBufferView[]} parts */
function block(head, ...parts) {
  let text = JSON.stringify(head);
  while ((text.length + 4) % 8) text += " ";
  const size = parts.reduce((sum, part) => sum + Math.ceil(part.byteLength / 8) * 8, 4 + text.length);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(new TextEncoder().encode(text), 4);
  let at = 4 + text.length;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += Math.ceil(part.byteLength / 8) * 8;
  }
  return bytes.buffer;
}

test("constants, numbers, nulls and lists come back row by row", () => {
  const rows = columns(block(
    { o: {
      same: { c: "x" },
      value: { d: "f4", at: 0, n: 2 },
      list: { l: { d: "u1", at: 8, n: 2 }, i: { o: { k: { d: "u1", at: 16, n: 3 } } } },
      odd: { j: [true, "y"] },
    } },
    Float32Array.of(0.5, NaN), Uint8Array.of(1, 2), Uint8Array.of(7, 8, 9),
  ));
  assert.deepEqual(rows.read(0), { same: "x", value: 0.5, list: [{ k: 7 }], odd: true });
  assert.deepEqual(rows.read(1), { same: "x", value: null, list: [{ k: 8 }, { k: 9 }], odd: "y" });
});

test("arrays come back typed, levels as the numbers they stand for", () => {
  const rows = columns(block(
    { o: {
      ids: { l: { c: 2 }, i: { d: "i4", at: 0, n: 4 }, a: "i4" },
      level: { l: { c: 2 }, i: { d: "u1", at: 16, n: 4 }, s: { d: "f4", at: 24, n: 2 }, z: { d: "f4", at: 32, n: 2 } },
    } },
    Int32Array.of(1, 2, 3, 4), Uint8Array.of(0, 255, 0, 10), Float32Array.of(0.1, 0.2), Float32Array.of(1, 2),
  ));
  const { ids, level } = rows.read(1);
  assert.ok(ids instanceof Int32Array && level instanceof Float32Array);
  assert.deepEqual([...ids], [3, 4]);
  assert.equal(level[1], Math.fround(2 + Math.fround(Math.fround(0.2) * 10)));
});

test("an encoded array that is the same in every row is decoded", () => {
  const rows = columns(block({ c: { x: { dtype: "u1", bdata: btoa("\u0001\u0002") } } }));
  assert.deepEqual([...rows.read(0).x], [1, 2]);
});

test("an array that other rows lack is decoded, too", () => {
  const rows = columns(block({ o: { change: { j: [null, { dtype: "u1", bdata: btoa("\u0001\u0002") }] } } }));
  assert.equal(rows.read(0).change, null);
  assert.deepEqual([...rows.read(1).change], [1, 2]);
});
