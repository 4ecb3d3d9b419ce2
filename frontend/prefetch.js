// Fetch what will be wanted soon, once the maps are drawn: the sheet of thumbnails, then the maps of
// the other checkpoints while the page is idle, so that an epoch step needs no request, and Plotly.

import { createAsking, passing } from "./asking.js";
import { embedding, layers } from "./api.js";
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
    const near = [...run.analysed].sort((a, b) => Math.abs(a - epoch) - Math.abs(b - epoch));
    const key = (/** @type {number} */ other) => [run.id, other, run.stamps[other], run.analysed].join(" ");
    const wanted = near.find((other) => !done.has(key(other)));
    if (wanted === undefined) {
      if (!charts) whenCalm(() => void plotly().catch(() => {}));
      charts = true;
      return;
    }
    const own = key(wanted);
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
