import assert from "node:assert/strict";
import { test } from "node:test";
import { shareTicks, spread } from "./axis.js";

test("an axis of shares ends at 100 % and writes no number twice", () => {
  assert.deepEqual(shareTicks(0, 1.02).ticktext, ["0%", "20%", "40%", "60%", "80%", "100%"]);
  assert.deepEqual(shareTicks(0.97, 1.02).ticktext, ["97%", "98%", "99%", "100%"]);
  assert.deepEqual(shareTicks(0.998, 1.004).ticktext, ["99.8%", "99.9%", "100.0%"]);
  for (let low = -0.1; low < 1; low += 0.013) {
    for (const wide of [0.004, 0.02, 0.11, 0.4, 1.2]) {
      const { tickvals, ticktext } = shareTicks(low, low + wide);
      assert.equal(new Set(ticktext).size, tickvals.length);
      assert.ok(tickvals.every((v) => v >= 0 && v <= 1) && tickvals.length <= 7);
    }
  }
});

test("labels that fall together are moved apart around where they were", () => {
  const near = (a, b) => a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-9, `${a} is not ${b}`));
  near(spread([0.5, 0.5, 0.9], 0.1, [0, 1]), [0.55, 0.45, 0.9]);
  near(spread([0.2, 0.8], 0.1, [0, 1]), [0.2, 0.8]);
  near(spread([1, 1, 1], 0.1, [0, 1]), [1, 0.9, 0.8]);
  near(spread([0, 0, 0], 0.8, [0, 1]), [1, 0.5, 0]);
  near(spread([], 0.1, [0, 1]), []);
});
