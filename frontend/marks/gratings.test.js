import assert from "node:assert/strict";
import { test } from "node:test";

import { gratingTable } from "./gratings.js";

test("the table of gratings writes its responses as the card writes them", () => {
  const tuning = /** @type {any} */ ({
    orientations: [0, 22.5], frequencies: [0.5, 1], response: [[0.19595252532584992, 0], [1, -2]],
    frequency: 0.5, orientation: 0, patch: 16, osi: 0.5, bandwidth: null, modulation: null,
  });
  const { columns, rows } = gratingTable(tuning);
  const [, first] = columns;
  assert.equal(/** @type {any} */ (first).written(rows[0][1]), "0.20");
});
