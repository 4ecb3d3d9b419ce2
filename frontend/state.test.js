import assert from "node:assert/strict";
import { test } from "node:test";
import { createState, PROPS, read, write } from "./state.js";

/** A window with nothing but an address, a history and its events. */
function host(hash = "") {
  const entries = [hash];
  const listeners = [];
  const window = {
    location: { hash },
    history: {
      pushState: (_, __, to) => entries.push((window.location.hash = to)),
      replaceState: (_, __, to) => (entries[entries.length - 1] = window.location.hash = to),
    },
    addEventListener: (kind, listener) => kind === "popstate" && listeners.push(listener),
    back() {
      entries.pop();
      window.location.hash = entries[entries.length - 1];
      for (const listener of listeners) listener();
    },
    entries,
  };
  return window;
}

test("every prop comes back from the address as it went in", () => {
  const values = {
    run: "clapp-photos-3fa2", epoch: 30, layer: 3, unit: 17, colour: "unit", image: 5003,
    selection: [5003, 5004, 7000], hidden: [0, 9], tab: "units", sort: "sparseness", only: 4, k: 2, like: 12,
    patches: "close", drag: "pan", points: "images", off: [1], size: 180, lost: "marked", separate: "yes", view: [1.5, -2.25, 40], dialog: "keys",
    bench: "rules-photos", measure: "neighbours", order: "-6", line: "raw pixels, 64 px", versus: "cpc-photos-11aa",
    versus_epoch: 10, versus_layer: 4, pairing: "best", cell: [3, 5],
  };
  assert.deepEqual(Object.keys(values).sort(), Object.keys(PROPS).sort());
  assert.deepEqual(read(write(values)), values);
});

test("an address that says nothing or nonsense is the beginning", () => {
  const start = read("");
  assert.equal(write(start), "#");
  assert.deepEqual(read("#layer=-1&unit=x&tab=<b>&view=1,2&selection=%%&epoch="), start);
});

test("a step can be gone back, a zoom cannot", async () => {
  const window = host();
  const state = createState(window, 1);
  state.set({ layer: 3 });
  state.set({ view: [0, 0, 10] });
  state.set({ view: [0, 0, 5] });
  await new Promise((done) => setTimeout(done, 10));
  state.set({ unit: 7 });
  assert.equal(window.entries.length, 3);
  window.back();
  assert.deepEqual([state.now.unit, state.now.view], [null, [0, 0, 5]]);
  window.back();
  assert.equal(state.now.layer, PROPS.layer.fallback);
});

test("listeners hear once of what changed, and not of what did not", () => {
  const state = createState(host());
  const heard = [];
  const stop = state.on(["layer", "unit"], (changed) => heard.push([...changed].sort().join()));
  state.set({ layer: 2, unit: 5 });
  state.set({ layer: 2 });
  state.set({ tab: "units" });
  stop();
  state.set({ layer: 4 });
  assert.deepEqual(heard, ["layer,unit"]);
});

test("another layer lets go of the unit, another run of all that was its own", () => {
  const state = createState(host("#run=a&epoch=3&layer=2&unit=5&colour=unit&selection=b1.Bw&tab=units"));
  state.set({ layer: 3 });
  assert.deepEqual([state.now.unit, state.now.colour, state.now.selection.length], [null, "class", 3]);
  state.set({ run: "b" });
  assert.deepEqual([state.now.epoch, state.now.selection, state.now.layer, state.now.tab], [null, [], 3, "units"]);
});

test("no layer above the top of the run in view is shown, and none is the top", () => {
  const window = host("#run=a&unit=5");
  const state = createState(window);
  state.limit(3);
  assert.deepEqual([state.now.layer, state.now.unit], [3, 5]);
  state.set({ layer: 4, tab: "units" });
  assert.deepEqual([state.now.layer, state.now.unit], [3, 5]);
  assert.equal(window.location.hash, "#run=a&unit=5&tab=units");
  state.set({ layer: 2 });
  assert.equal(window.location.hash, "#run=a&layer=2&tab=units");
  window.back();
  assert.equal(state.now.layer, 3);
  state.set({ run: "b", layer: 6 });
  assert.equal(state.now.layer, 6);
  state.limit(12);
  assert.equal(state.now.layer, 6);
});

test("a layer of the address that the run has not is told until another is looked at", () => {
  const window = host("#run=a&layer=9");
  const state = createState(window);
  assert.equal(state.lacking, null);
  let heard = 0;
  state.on(["layer"], () => (heard += 1));
  state.limit(3);
  state.limit(3);
  assert.deepEqual([state.now.layer, state.lacking, heard], [3, 9, 1]);
  state.set({ tab: "units" });
  assert.equal(state.lacking, 9);
  state.set({ layer: 2 });
  assert.equal(state.lacking, null);
  window.back();
  assert.equal(state.lacking, null);
  window.back();
  assert.deepEqual([state.now.layer, state.lacking], [3, 9]);
});

test("a layer that was looked at in one run and that the next has not is no mistake of an address", () => {
  const state = createState(host("#run=a&layer=9"));
  state.limit(12);
  state.set({ run: "b" });
  state.limit(3);
  assert.deepEqual([state.now.layer, state.lacking], [3, null]);
});

test("who looks at the top layer of a run looks at the top of the next", () => {
  const state = createState(host("#run=a"));
  state.limit(3);
  state.set({ run: "b" });
  state.limit(12);
  assert.equal(state.now.layer, 12);
  state.set({ layer: 2 });
  state.set({ run: "a" });
  state.limit(3);
  assert.equal(state.now.layer, 2);
});

test("a link names what the page had chosen by itself", () => {
  const state = createState(host("#layer=2"));
  assert.equal(state.link({ run: "demo", epoch: 10 }), "#run=demo&epoch=10&layer=2");
});

test("an address as it is said by mouth is read, whatever part of it is left out", () => {
  const said = read("#/run/clapp-photos-3fa2/L3/u117@e200");
  assert.deepEqual([said.run, said.layer, said.unit, said.epoch, said.colour], ["clapp-photos-3fa2", 3, 117, 200, "unit"]);
  assert.equal(write(read("#/run/a")), "#run=a");
  assert.equal(write(read("#/run/a/L2@e0?tab=probes")), "#run=a&epoch=0&layer=2&tab=probes");
  assert.equal(write(read("#/run/a/u5")), "#run=a&unit=5&colour=unit");
  assert.equal(read("#/run/%zz/L1").run, "%zz");
  assert.equal(write(read("#/run/a/nonsense")), "#");
});
