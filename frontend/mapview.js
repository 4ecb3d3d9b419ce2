// Maps on the screen. A change is seen at once, as stamps on a canvas; Plotly draws its figure when
// nothing has changed for a moment, and the canvas then holds no more than what is selected.

import { cleared, createLines, stampPoints } from "./overlay.js";
import { h } from "./dom.js";
import { mapFigure } from "./plot.js";

/** @typedef {import("./types.js").Group} Group */
/** @typedef {import("./overlay.js").Placed} Placed */

/**
 * `groups` by colour and shape; `figure` the same points as Plotly is given them; `over` draws in place
 * of the selected points, `marks` on top of all;
 * `chosen`: anything is selected at all.
 * @typedef {{width: number, height: number, maps: Placed[], groups: Group[], figure: Group[],
 *   selected: Uint8Array, chosen: boolean, size: number, shapes: boolean, faint?: boolean,
 *   over?: (canvas: CanvasRenderingContext2D) => void,
 *   marks?: (canvas: CanvasRenderingContext2D) => void}} Shown
 */

const CALM = 150; // milliseconds without a change
const OPACITY = 0.75;
const DIMMED = 0.2; // of the figure while something is selected; the style sheet has the same

/**
 * @param {{rest: () => void, fail: (why: Error) => void}} on `rest`: Plotly has drawn what is shown
 */
export function createMapView(on) {
  const figureBox = h("div", { class: "figure" });
  const canvas = h("canvas", { class: "over" });
  const lines = createLines();
  const figure = mapFigure(figureBox);
  /** @type {Shown|null} */
  let shown = null;
  /** @type {Shown|null} what Plotly drew last */
  let drawn = null;
  let rests = false;
  let timer = 0;

  function paint() {
    if (!shown) return;
    const { width, height, maps, groups, selected, chosen, size, shapes, over, marks } = shown;
    const dim = chosen || Boolean(shown.faint);
    figureBox.classList.toggle("dim", dim);
    figureBox.classList.toggle("stale", !rests);
    const context = cleared(canvas, width, height);
    const picture = context.createImageData(canvas.width, canvas.height);
    if (!rests) {
      const opacity = OPACITY * (dim ? DIMMED : 1);
      stampPoints(picture, maps, groups, null, { size, shapes, opacity });
    }
    if (chosen && !over) {
      const larger = size + (shapes ? 1 : 0.4);
      stampPoints(picture, maps, groups, selected, { size: larger, shapes, opacity: 1 });
    }
    context.putImageData(picture, 0, 0);
    over?.(context);
    marks?.(context);
  }

  /** What Plotly is to draw, or null where it has drawn that already. */
  function newest() {
    if (!shown || shown === drawn) return null;
    drawn = shown;
    const { width, height, maps, size, figure: groups } = shown;
    return {
      width,
      height,
      boxes: maps.map((map) => map.box),
      ranges: maps.map((map) => map.ranges),
      points: maps.map((map) => map.points),
      groups,
      size,
      opacity: OPACITY,
    };
  }

  async function settle() {
    try {
      await figure.draw(newest);
    } catch (error) {
      return on.fail(/** @type {Error} */ (error));
    }
    if (rests || !shown || shown !== drawn) return;
    rests = true;
    paint();
    on.rest();
  }

  return {
    elements: [figureBox, canvas, lines.element],
    lines,
    /** The maps shown now, none before the first. */
    get maps() {
      return shown?.maps ?? [];
    },
    /** @param {Shown|null} what */
    show(what) {
      shown = what;
      rests = false;
      clearTimeout(timer);
      if (!what) return void cleared(canvas, 1, 1);
      paint();
      timer = /** @type {any} */ (setTimeout(settle, drawn ? CALM : 0));
    },
    /** @param {Uint8Array} selected @param {boolean} chosen */
    select(selected, chosen) {
      if (!shown) return;
      Object.assign(shown, { selected, chosen });
      paint();
    },
  };
}
