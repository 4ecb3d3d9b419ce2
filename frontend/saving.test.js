import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName } from "./saving.js";

test("a file's name leads nowhere and keeps letters of any script", () => {
  assert.equal(fileName("svg", "clapp-photos", "Layer 6", "epoch", 30), "clapp-photos-Layer-6-epoch-30.svg");
  assert.equal(fileName("csv", "../../etc/passwd"), "etc-passwd.csv");
  assert.equal(fileName("png", "h\u00e4user <b>"), "h\u00e4user-b.png");
  assert.equal(fileName("png", "..", "///"), "saccade.png");
  assert.ok(fileName("png", "a".repeat(500)).length < 130);
});
