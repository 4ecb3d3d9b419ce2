import assert from "node:assert/strict";
import { test } from "node:test";
import { ADVICE, verdict } from "./advice.js";

const run = { state: "running", error: null };

test("stalled, interrupted and failed are told apart", () => {
  assert.equal(verdict({ ...run, stalled: { code: "stalled", message: "No step for a minute." } }).word, "Stalled");
  assert.equal(verdict({ ...run, state: "interrupted" }).word, "Interrupted");
  const failed = verdict({ ...run, state: "failed", error: { code: "oom_cuda", message: "no memory" } });
  assert.deepEqual([failed.word, failed.code, failed.says], ["Failed", "oom_cuda", "no memory"]);
  assert.match(failed.advice, /smaller batch/);
});

test("a run that goes on, waits, or has ended well needs no advice", () => {
  for (const state of ["queued", "running", "finished", "stopped"]) assert.equal(verdict({ ...run, state }), null);
  assert.equal(verdict({ ...run, state: "finished", stalled: { code: "stalled", message: "No step for a minute." } }), null);
});

test("what is not known yet is advised all the same", () => {
  assert.match(verdict({ ...run, state: "failed" }).advice, /Resume|clone/);
  assert.match(verdict({ ...run, state: "failed", error: { code: "new", message: "x" } }).advice, /Resume|clone/);
  assert.match(verdict({ ...run, state: "interrupted", error: { code: "odd", message: "x" } }).advice, /last checkpoint/);
});

test("every code has plain advice in whole sentences", () => {
  for (const [code, advice] of Object.entries(ADVICE)) assert.match(advice, /^[A-Z].{20,}\.$/, code);
});
