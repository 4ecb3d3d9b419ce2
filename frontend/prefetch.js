// Fetch what will be wanted soon, once the maps are drawn: the sheet of thumbnails, then the maps of
// the other checkpoints while the page is idle, so that an epoch step needs no request, and Plotly.

import { createAsking, passing } from "./asking.js";
import { KEPT, embedding, layers } from "./api.js";
import { plotly } from "./plot.js";

const CALM = 2000; // milliseconds without a key or a move of the pointer

const whenIdle = window.requestIdleCallback ?? ((/** @type {() => void} */ f) => setTimeout(f, 200));

/**
 * Returns what to call each time the maps of a checkpoint are drawn.
 * @param {import("./types.js").Page} page
 */
export function prefetch({ scene, atlas }) {
  /** @type {Set<string>} */
  const done = new Set();
  let charts = false;
  const asking = createAsking();

  /** The thumbnails of the images in view, until they are there. */
  function sheet() {
    const { layers } = scene;
    if (!layers) return;
    const { dataset, split, fingerprint } = layers;
    asking.ask(`${dataset}/${split}/${fingerprint}`, () => atlas.load(layers), (_, error) => passing(error) && sheet());
  }

  function next() {
    const goal = scene.target();
    if (!goal || scene.status !== "ready") return;
    const { run, epoch } = goal;
    const near = [...run.analysed].sort((a, b) => Math.abs(a - epoch) - Math.abs(b - epoch))
      .slice(0, KEPT / 2 / (run.layers + 1)); // of more, some would push out what is looked at
    const keys = near.map((other) => [run.id, other, run.stamps[other], run.analysed].join(" "));
    for (const key of done) if (!keys.includes(key)) done.delete(key); // by then it may be let go of
    const at = keys.findIndex((key) => !done.has(key));
    if (at < 0) {
      if (!charts) whenCalm(() => void plotly().catch(() => {}));
      charts = true;
      return;
    }
    const [own, wanted] = [keys[at], near[at]];
    done.add(own);
    void Promise.all([
      layers(run.id, wanted),
      ...Array.from({ length: run.layers }, (_, layer) => embedding(run.id, layer, wanted)),
    ]).then(() => whenIdle(next), () => done.delete(own));
  }

  return () => {
    sheet();
    whenIdle(next);
  };
}

/**
 * Calls `what` when nobody has been at work with the page for a while: what halts it, as the start of
 * Plotly does for most of a second.
 * @param {() => void} what
 */
function whenCalm(what) {
  const kinds = ["pointermove", "pointerdown", "wheel", "keydown"];
  let timer = setTimeout(end, CALM);
  function again() {
    clearTimeout(timer);
    timer = setTimeout(end, CALM);
  }
  function end() {
    for (const kind of kinds) removeEventListener(kind, again);
    what();
  }
  for (const kind of kinds) addEventListener(kind, again, { passive: true });
}
