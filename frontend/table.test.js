import assert from "node:assert/strict";
import { test } from "node:test";
import { arranged, csv, pressed, shownCell } from "./table.js";

const rows = [["a", 2], ["b", null], ["c", 10], ["d", NaN], ["e", 2]];
const names = (/** @type {any[][]} */ table) => table.map(([name]) => name).join("");

test("rows are sorted by numbers either way, and what has none comes last both times", () => {
  assert.equal(names(arranged(rows, { column: 1, down: false })), "aecbd");
  assert.equal(names(arranged(rows, { column: 1, down: true })), "caebd");
  assert.equal(names(arranged(rows, { column: 0, down: true })), "edcba");
  assert.equal(names(arranged(rows, null)), "abcde");
});

test("a column of numbers begins with the greatest, one of names with the first, and a second press turns", () => {
  assert.deepEqual(pressed(null, 1, rows), { column: 1, down: true });
  assert.deepEqual(pressed({ column: 1, down: true }, 1, rows), { column: 1, down: false });
  assert.deepEqual(pressed({ column: 1, down: true }, 0, rows), { column: 0, down: false });
});

test("nothing is shown as a dash and never as NaN", () => {
  const column = { says: "share", written: (/** @type {number} */ v) => `${100 * v} %` };
  assert.equal(shownCell(column, 0.5), "50 %");
  assert.equal(shownCell(column, NaN), "–");
  assert.equal(shownCell(column, null), "–");
  assert.equal(shownCell(column, "none"), "none");
});

test("a CSV has numbers in full, nothing as nothing, and quotes what must be quoted", () => {
  const text = csv([{ says: "class" }, { says: "share, of all" }], [['a "b"', 0.123456789], ["c\nd", NaN]]);
  assert.equal(text, 'class,"share, of all"\n"a ""b""",0.123456789\n"c\nd",\n');
});

test("text that a spreadsheet would take for a formula stays text, and numbers stay numbers", () => {
  const text = csv([{ says: "class" }], [['=HYPERLINK("http://x")'], ["@sum"], [-0.5], ["-0.5"]]);
  assert.equal(text, 'class\n"\'=HYPERLINK(""http://x"")"\n\'@sum\n-0.5\n-0.5\n');
});
