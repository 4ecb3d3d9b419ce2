import assert from "node:assert/strict";
import { test } from "node:test";
import { rgbOf, stamper } from "./stamp.js";

const picture = () => ({ data: new Uint8ClampedArray(4 * 5 * 5), width: 5, height: 5 });
const dot = { side: 1, cover: Uint8Array.of(255) };

test("a stamp colours the pixels that it covers and no others", () => {
  const sheet = picture();
  stamper(sheet, { side: 2, cover: Uint8Array.of(255, 0, 0, 255) }, [10, 20, 30])(2, 2);
  const inked = Array.from({ length: 25 }, (_, i) => i).filter((i) => sheet.data[4 * i + 3]);
  assert.deepEqual(inked, [6, 12]);
  assert.deepEqual([...sheet.data.slice(24, 28)], [10, 20, 30, 255]);
});

test("half covered over nothing is half seen, over a colour it is mixed", () => {
  const sheet = picture();
  const half = { side: 1, cover: Uint8Array.of(128) };
  stamper(sheet, half, [200, 0, 0])(0.5, 0.5);
  assert.deepEqual([...sheet.data.slice(0, 4)], [200, 0, 0, 128]);
  stamper(sheet, dot, [0, 100, 0])(0.5, 0.5);
  stamper(sheet, half, [200, 0, 0])(0.5, 0.5);
  assert.deepEqual([...sheet.data.slice(0, 4)], [100, 50, 0, 255]);
});

test("a stamp at the edge is left out whole", () => {
  const sheet = picture();
  stamper(sheet, { side: 3, cover: new Uint8Array(9).fill(255) }, [1, 2, 3])(0, 4);
  assert.ok(sheet.data.every((value) => value === 0));
});

test("colours are read as the palette writes them", () => {
  assert.deepEqual(rgbOf("#0072b2"), [0, 114, 178]);
  assert.deepEqual(rgbOf("rgb(1,2,3)"), [1, 2, 3]);
});
