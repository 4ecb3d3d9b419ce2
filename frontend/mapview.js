// Maps on the screen: all points on one canvas, and on another above it what is selected, so that a
// selection draws no more than itself.

import { cleared, createLines, stampPoints } from "./overlay.js";
import { h } from "./dom.js";

/** @typedef {import("./types.js").Group} Group */
/** @typedef {import("./overlay.js").Placed} Placed */

/**
 * `groups` by colour and shape; `over` draws in place of the selected points, `marks` on top of all;
 * `chosen`: anything is selected at all; `faint`: points are dim even so.
 * @typedef {{width: number, height: number, maps: Placed[], groups: Group[],
 *   selected: Uint8Array, chosen: boolean, size: number, shapes: boolean, faint?: boolean,
 *   over?: (canvas: CanvasRenderingContext2D) => void,
 *   marks?: (canvas: CanvasRenderingContext2D) => void}} Shown
 */

const OPACITY = 0.75;

export function createMapView() {
  const ground = h("canvas", { class: "ground" });
  const canvas = h("canvas", { class: "over" });
  const lines = createLines();
  /** @type {Shown|null} */
  let shown = null;

  /** @param {Shown} what */
  function paintAll({ width, height, maps, groups, size, shapes }) {
    const context = cleared(ground, width, height);
    const picture = context.createImageData(ground.width, ground.height);
    stampPoints(picture, maps, groups, null, { size, shapes, opacity: OPACITY });
    context.putImageData(picture, 0, 0);
  }

  /** @param {Shown} what */
  function paintChosen({ width, height, maps, groups, selected, chosen, size, shapes, faint, over, marks }) {
    ground.classList.toggle("dim", chosen || Boolean(faint));
    const context = cleared(canvas, width, height);
    if (chosen && !over) {
      const picture = context.createImageData(canvas.width, canvas.height);
      const larger = size + (shapes ? 1 : 0.4);
      stampPoints(picture, maps, groups, selected, { size: larger, shapes, opacity: 1 });
      context.putImageData(picture, 0, 0);
    }
    over?.(context);
    marks?.(context);
  }

  return {
    elements: [ground, canvas, lines.element],
    lines,
    /** The maps shown now, none before the first. */
    get maps() {
      return shown?.maps ?? [];
    },
    /** @param {Shown|null} what */
    show(what) {
      shown = what;
      if (!what) return void [ground, canvas].forEach((each) => cleared(each, 1, 1));
      paintAll(what);
      paintChosen(what);
    },
    /** @param {Uint8Array} selected @param {boolean} chosen */
    select(selected, chosen) {
      if (!shown) return;
      Object.assign(shown, { selected, chosen });
      paintChosen(shown);
    },
  };
}
