import assert from "node:assert/strict";
import { test } from "node:test";
import { costSentence, dateOf, megabytes, provenance } from "./cost.js";

const cost = {
  training_seconds: 190, analysis_seconds: 61, memory_mb: 412, gpu_memory_mb: null, disk_mb: 35.2,
  steps: 630, measured_steps: 10, at: 1_764_000_000, device: "a processor",
};

test("a cost is one sentence of time, memory and disk", () => {
  assert.equal(costSentence(cost), "About 3 min of training and roughly 1 min of analyses, 412 MB of memory, 35 MB of disk.");
  assert.equal(
    costSentence({ ...cost, analysis_seconds: 0, gpu_memory_mb: 2100, memory_mb: null }),
    "About 3 min of training, 2.1 GB on the GPU, 35 MB of disk.",
  );
});

test("a measurement of now is told from one with a date", () => {
  assert.equal(provenance(cost, cost.at + 5), "Measured just now on a processor, over 10 steps; the run has 630.");
  assert.equal(provenance(cost, cost.at + 1e6), `Measured on ${dateOf(cost.at)} on a processor, over 10 steps; the run has 630.`);
  assert.match(dateOf(cost.at), /^2025-11-2\d at \d\d:\d\d$/);
});

test("little is never told as nothing", () => {
  assert.deepEqual([megabytes(0.2), megabytes(999), megabytes(1500)], ["1 MB", "999 MB", "1.5 GB"]);
});
