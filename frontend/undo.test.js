import assert from "node:assert/strict";
import { test } from "node:test";
import { createState } from "./state.js";
import { createUndo } from "./undo.js";

function page(hash = "#run=a") {
  /** @type {(() => void)[]} */
  const pops = [];
  const steps = [hash];
  const host = {
    location: { hash },
    history: {
      pushState: (/** @type {any} */ _, /** @type {string} */ __, /** @type {any} */ to) => void (steps.push(to), host.location.hash = to),
      replaceState: (/** @type {any} */ _, /** @type {string} */ __, /** @type {any} */ to) => void (steps.splice(-1, 1, to), host.location.hash = to),
    },
    addEventListener: (/** @type {string} */ _, /** @type {() => void} */ listener) => void pops.push(listener),
  };
  const state = createState(host, 0);
  const back = () => {
    steps.pop();
    host.location.hash = steps[steps.length - 1];
    for (const pop of pops) pop();
  };
  return { state, steps, back, undo: createUndo(state, 5) };
}

test("undo takes back selection, hidden classes and the pinned image, and redo brings them again", () => {
  const { state, undo } = page();
  state.set({ selection: [1, 2] });
  state.set({ hidden: [3], selection: [2] });
  state.set({ image: 7 });
  assert.equal(undo.undoes, "pinned image");
  undo.undo();
  assert.equal(undo.undoes, "selection, classes shown");
  undo.undo();
  assert.deepEqual([state.now.selection, state.now.hidden, state.now.image], [[1, 2], [], null]);
  assert.equal(undo.redoes, "selection, classes shown");
  undo.redo();
  assert.deepEqual([state.now.selection, state.now.hidden], [[2], [3]]);
  state.set({ selection: [] });
  assert.equal(undo.redoes, "");
});

test("categories hidden in the legend are undone with the colouring they are of, which is else left as it is", () => {
  const { state, undo, back } = page();
  state.set({ colour: "meta.weather" });
  state.set({ off: [1] });
  assert.equal(undo.undoes, "categories shown");
  undo.undo();
  assert.deepEqual([state.now.colour, state.now.off], ["meta.weather", []]);
  back();
  assert.deepEqual(state.now.off, [1]);
  state.set({ colour: "meta.place", off: [1] });
  state.set({ colour: "class" });
  undo.undo();
  assert.deepEqual([state.now.colour, state.now.off], ["meta.place", [1]]);
  undo.undo();
  assert.deepEqual([state.now.colour, state.now.off], ["meta.weather", [1]]);
  undo.redo();
  undo.redo();
  assert.deepEqual([state.now.colour, state.now.off], ["meta.place", []]);
  state.set({ selection: [1] });
  state.set({ colour: "right" });
  undo.undo();
  assert.deepEqual([state.now.colour, state.now.selection], ["right", []]);
});

test("layer, unit and tab are left as they are by an undo", () => {
  const { state, undo } = page();
  state.set({ selection: [1] });
  state.set({ layer: 3, unit: 4, tab: "units" });
  undo.undo();
  assert.deepEqual([state.now.layer, state.now.unit, state.now.tab, state.now.selection], [3, 4, "units", []]);
});

test("an undo is a step that Back takes back, and what Back changed can be undone", () => {
  const { state, undo, steps, back } = page();
  state.set({ selection: [1] });
  state.set({ selection: [1, 2] });
  undo.undo();
  assert.equal(steps.length, 4);
  back();
  assert.deepEqual(state.now.selection, [1, 2]);
  undo.undo();
  assert.deepEqual(state.now.selection, [1]);
});

test("only so many steps are kept, and none is left in another run", () => {
  const { state, undo } = page();
  for (let i = 1; i < 10; i++) state.set({ image: i });
  for (let i = 0; i < 20; i++) undo.undo();
  assert.equal(state.now.image, 4);
  state.set({ run: "b" });
  assert.deepEqual([undo.undoes, undo.redoes], ["", ""]);
  undo.redo();
  assert.equal(state.now.image, null);
});

test("the run that the page picks for itself ends nothing", () => {
  const { state, undo } = page("#");
  state.set({ selection: [1] });
  state.set({ ...state.now, run: "a" }, { quietly: true });
  assert.equal(undo.undoes, "selection");
});
