import assert from "node:assert/strict";
import { test } from "node:test";
import { oneLevelBack } from "./escape.js";
import { read, write } from "./state.js";

test("Esc leaves the dialog, the selection, the unit, the image, the other tab and the zoom, one at a time", () => {
  let values = read("#layer=3&unit=5&colour=unit&image=7&selection=0.B&tab=units&view=1,2,3&hidden=1&dialog=keys");
  values = { ...values, selection: [1, 2] };
  const left = [];
  for (let change = oneLevelBack(values); change; change = oneLevelBack(values)) {
    left.push(Object.keys(change).join());
    values = { ...values, ...change };
  }
  assert.deepEqual(left, ["dialog", "selection", "unit,colour", "image", "tab", "view"]);
  assert.equal(write(values), "#layer=3&hidden=1");
});
