import assert from "node:assert/strict";
import { test } from "node:test";
import { rgbOf, stamper, STEPS } from "./stamp.js";

const picture = () => ({ data: new Uint8ClampedArray(4 * 5 * 5), width: 5, height: 5 });
/** A stamp that covers the same at each place within a pixel. @param {number} side @param {...number} cover */
const stamp = (side, ...cover) => ({ side, covers: Array(STEPS ** 2).fill(Uint8Array.from(cover)) });
const dot = stamp(2, 255, 0, 0, 0);

test("a stamp colours the pixels that it covers and no others", () => {
  const sheet = picture();
  stamper(sheet, stamp(2, 255, 0, 0, 255), [10, 20, 30])(2, 2);
  const inked = Array.from({ length: 25 }, (_, i) => i).filter((i) => sheet.data[4 * i + 3]);
  assert.deepEqual(inked, [6, 12]);
  assert.deepEqual([...sheet.data.slice(24, 28)], [10, 20, 30, 255]);
});

test("half covered over nothing is half seen, over a colour it is mixed", () => {
  const sheet = picture();
  const half = stamp(2, 128, 0, 0, 0);
  stamper(sheet, half, [200, 0, 0])(1, 1);
  assert.deepEqual([...sheet.data.slice(0, 4)], [200, 0, 0, 128]);
  stamper(sheet, dot, [0, 100, 0])(1, 1);
  stamper(sheet, half, [200, 0, 0])(1, 1);
  assert.deepEqual([...sheet.data.slice(0, 4)], [100, 50, 0, 255]);
});

test("a place within a pixel takes the stamp that was drawn there", () => {
  const covers = Array.from({ length: STEPS ** 2 }, (_, step) => Uint8Array.of(step + 1, 0, 0, 0));
  for (const [x, y, column, row] of [[2, 2, 0, 0], [2.25, 2, 1, 0], [2.9, 3.5, 0, 2], [2.74, 2.1, 3, 0]]) {
    const sheet = picture();
    stamper(sheet, { side: 2, covers }, [1, 2, 3])(x, y);
    assert.deepEqual([...sheet.data].filter((_, i) => i % 4 === 3 && sheet.data[i]), [row * STEPS + column + 1], `${x}, ${y}`);
  }
});

test("points upon each other let less and less shine through", () => {
  const sheet = picture();
  const put = stamper(sheet, stamp(2, 128, 0, 0, 0), [9, 9, 9]);
  const cover = [1, 2, 3].map(() => (put(1, 1), sheet.data[3]));
  assert.deepEqual(cover, [128, 192, 224]);
});

test("a stamp at the edge is cut off there, and one beyond it or nowhere leaves nothing", () => {
  const sheet = picture();
  const put = stamper(sheet, stamp(4, ...Array(16).fill(255)), [1, 2, 3]);
  put(0, 4);
  const inked = Array.from({ length: 25 }, (_, i) => i).filter((i) => sheet.data[4 * i + 3]);
  assert.deepEqual(inked, [10, 11, 15, 16, 20, 21]);
  const empty = picture();
  const away = stamper(empty, stamp(4, ...Array(16).fill(255)), [1, 2, 3]);
  for (const [x, y] of [[-3, 2], [2, 9], [NaN, 2], [2, NaN]]) away(x, y);
  assert.ok(empty.data.every((value) => value === 0));
});

test("colours are read as the palette writes them", () => {
  assert.deepEqual(rgbOf("#0072b2"), [0, 114, 178]);
  assert.deepEqual(rgbOf("rgb(1,2,3)"), [1, 2, 3]);
});
