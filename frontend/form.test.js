import assert from "node:assert/strict";
import { test } from "node:test";
import { applies, command, complaint, obstacle, returns, valueOf, wordsOf } from "./form.js";

const number = { name: "epochs", type: "int", default: 10, minimum: 0, maximum: null, choices: [] };
const rate = { name: "learning_rate", type: "float", default: 2e-4, minimum: 1e-8, maximum: 1, choices: [] };
const rule = { name: "rule", type: "choice", default: "clapp", minimum: null, maximum: null, choices: ["clapp", "random"] };
const keep = { name: "keep", type: "text", default: "0,1", minimum: null, maximum: null, choices: [] };

test("a field gives a number where a number is wanted, and its default where it is empty", () => {
  assert.equal(valueOf(number, "3"), 3);
  assert.equal(valueOf(number, " "), 10);
  assert.equal(valueOf(rate, "1e-3"), 0.001);
  assert.equal(valueOf(rule, "random"), "random");
});

test("what cannot be is told before it is sent", () => {
  assert.equal(complaint(number, 0), null);
  assert.match(complaint(number, -1), /epochs must be at least 0/);
  assert.match(complaint(number, 1.5), /whole number/);
  assert.match(complaint(rate, 2), /at most 1/);
  assert.match(complaint(rate, NaN), /must be a number/);
  assert.match(complaint(rule, "clap"), /one of clapp, random/);
  assert.equal(complaint(keep, "0,10"), null);
});

test("a run that is not here or was trained elsewhere has no settings to clone", () => {
  assert.match(obstacle("gone-1", null), /no run gone-1 here/);
  assert.match(obstacle("net-1", { name: "net", model: { family: "timm", name: "net", layers: [] } }), /^net was imported from timm: /);
  assert.equal(obstacle("clapp-1", { name: "mine", model: null }), null);
});

test("the command names what differs from what a setting is by itself, quoted for a shell", () => {
  const config = { epochs: 10, rule: "clapp", learning_rate: 2e-4, keep: "0,5 it's" };
  assert.equal(command([rule, number, rate, keep], config), "saccade train --keep '0,5 it'\\''s'");
  const crop = { ...number, name: "crop", default: 0 };
  const draw = { ...rule, name: "draw", default: "auto" };
  const clapp = { word: "clapp", sentence: "", labels: false, options: { draw: ["network", "per-layer"] }, own: { crop: 64 } };
  assert.equal(command([crop, draw], { crop: 64, draw: "network" }, clapp), "saccade train");
  assert.equal(command([crop, draw], { crop: 96, draw: "per-layer" }, clapp), "saccade train --crop 96 --draw per-layer");
});

const own = { word: "clapp-s", sentence: "", labels: false, options: { negatives: ["image", "anywhere"] } };
const negatives = { name: "negatives", type: "choice", default: "auto", unit: "", minimum: null, maximum: null, choices: ["auto", "image", "anywhere", "next"], rules: ["clapp-s", "clapp++"], help: "" };
const everybody = { ...number, unit: "", rules: [], help: "" };

test("a setting is shown with the rules that have it, and offers the words that they know", () => {
  assert.ok(applies(everybody, "clapp") && applies(negatives, "clapp-s") && !applies(negatives, "clapp"));
  assert.deepEqual(wordsOf(negatives, own), ["auto", "image", "anywhere"]);
  assert.deepEqual(wordsOf(negatives, undefined), ["auto"]);
});

test("another rule takes back what was chosen for the one before, and nothing else", () => {
  assert.ok(returns(negatives) && returns({ ...everybody, name: "crop" }) && !returns(everybody));
});
