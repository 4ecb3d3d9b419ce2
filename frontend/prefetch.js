// Fetch what will be wanted soon, once the maps are drawn: the sheet of thumbnails, then the maps of
// the other checkpoints while the page is idle, so that an epoch step needs no request.

import { embedding, layers } from "./api.js";

const whenIdle = window.requestIdleCallback ?? ((/** @type {() => void} */ f) => setTimeout(f, 200));

/**
 * Returns what to call each time the maps of a checkpoint are drawn.
 * @param {import("./types.js").Page} page
 */
export function prefetch({ scene, atlas }) {
  /** @type {Set<string>} */
  const done = new Set();

  function next() {
    const goal = scene.target();
    if (!goal || scene.status !== "ready") return;
    const { run, epoch } = goal;
    const near = [...run.analysed].sort((a, b) => Math.abs(a - epoch) - Math.abs(b - epoch));
    const wanted = near.find((other) => !done.has(`${run.id} ${other}`));
    if (wanted === undefined) return;
    done.add(`${run.id} ${wanted}`);
    void Promise.all([
      layers(run.id, wanted),
      ...Array.from({ length: run.layers }, (_, layer) => embedding(run.id, layer, wanted)),
    ]).then(() => whenIdle(next), () => done.delete(`${run.id} ${wanted}`));
  }

  return () => {
    if (scene.layers) void atlas.load(scene.layers.dataset, scene.layers.split, scene.layers.ids.length);
    whenIdle(next);
  };
}
