// The only file that knows Plotly: many linked maps in one figure, and charts.

import { plotlyAddress } from "./api.js";

/** @typedef {import("./types.js").Group} Group */
/** @typedef {import("./types.js").Points} Points */
/** @typedef {import("./types.js").Ranges} Ranges */
/** @typedef {import("./types.js").Box} Box */

const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false, showTips: false };

/** @type {Promise<any>|null} */
let library = null;

/** Plotly, once its script has run. */
function plotly() {
  library ??= plotlyAddress().then((address) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(/** @type {any} */ (window).Plotly);
    script.onerror = () => reject(new Error("The server did not send plotly.js; is it still running?"));
    document.head.append(script);
  }));
  return library;
}

/** @type {Promise<unknown>} */
let turn = Promise.resolve();

/**
 * Calls `draw` once Plotly is there and the figure before is drawn and seen.
 * @param {(Plotly: any) => Promise<unknown>} draw
 */
function inTurn(draw) {
  const mine = turn.then(plotly).then(draw);
  turn = mine.catch(() => {}).then(() => new Promise((done) => setTimeout(done)));
  return mine;
}

/** Points are drawn by WebGL, or slowly as SVG where a browser has none. */
const POINTS = document.createElement("canvas").getContext("webgl") ? "scattergl" : "scatter";

/** @param {number} i */
const axis = (i) => (i ? `${i + 1}` : "");

/** @typedef {{size: number, opacity: number}} Look */

/**
 * Maps that share one figure, one pair of axes each. Arrays are made anew only where points or
 * groups changed, so that a change of view costs a redraw and nothing else.
 * @param {HTMLElement} element
 */
export function mapFigure(element) {
  /** @type {Points[]} */
  let points = [];
  /** @type {Group[]} */
  let groups = [];
  /** @type {any[]} */
  let traces = [];
  let look = "";

  /** @param {Look & {points: Points[], groups: Group[]}} what */
  function remade(what) {
    const wanted = `${what.size} ${what.opacity}`;
    const same = groups === what.groups && look === wanted && points.length === what.points.length
      && points.every((p, i) => p === what.points[i]);
    if (same) return;
    points = what.points;
    groups = what.groups;
    look = wanted;
    traces = points.flatMap(({ x, y }, i) =>
      groups.map(({ colour, symbol, positions }) => ({
        type: POINTS,
        mode: "markers",
        x: Float32Array.from(positions, (p) => x[p]),
        y: Float32Array.from(positions, (p) => y[p]),
        xaxis: `x${axis(i)}`,
        yaxis: `y${axis(i)}`,
        hoverinfo: "skip",
        marker: { color: colour, symbol, size: what.size, opacity: what.opacity, line: { width: 0 } },
      })),
    );
  }

  return {
    /**
     * One box, range and set of points a map; null for nothing new.
     * @param {() => (Look & {width: number, height: number, boxes: Box[], ranges: Ranges[],
     *   points: Points[], groups: Group[]})|null} newest asked when it is this figure's turn
     */
    draw: (newest) => inTurn(async (Plotly) => {
      const what = newest();
      if (!what) return;
      remade(what);
      const { width, height, boxes } = what;
      /** @type {Record<string, any>} */
      const layout = {
        width,
        height,
        margin: { l: 0, r: 0, t: 0, b: 0 },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        showlegend: false,
        hovermode: false,
        dragmode: false,
      };
      boxes.forEach((box, i) => {
        const plain = { visible: false, fixedrange: true, autorange: false };
        layout[`xaxis${axis(i)}`] = {
          ...plain,
          domain: [box.left / width, Math.min(1, (box.left + box.width) / width)],
          range: what.ranges[i].x,
          anchor: `y${axis(i)}`,
        };
        layout[`yaxis${axis(i)}`] = {
          ...plain,
          domain: [Math.max(0, 1 - (box.top + box.height) / height), 1 - box.top / height],
          range: what.ranges[i].y,
          anchor: `x${axis(i)}`,
        };
      });
      const ratio = Math.max(1, window.devicePixelRatio);
      await Plotly.react(element, traces, layout, { ...CONFIG, plotGlPixelRatio: ratio });
    }),
  };
}

/**
 * Draw a small chart, or draw it anew.
 * @param {HTMLElement} element
 * @param {object[]} traces
 * @param {object} layout
 */
export async function chart(element, traces, layout) {
  await inTurn((Plotly) => Plotly.react(element, traces, layout, CONFIG));
}

/**
 * A chart that is drawn, as a picture: an SVG of vectors, or a PNG of twice its size.
 * @param {HTMLElement} element
 * @param {"svg"|"png"} format
 * @param {string} ground colour behind it
 */
export const picture = (element, format, ground) => /** @type {Promise<Blob>} */ (inTurn(async (Plotly) => {
  const { data, layout } = /** @type {any} */ (element);
  const figure = { data, layout: { ...layout, paper_bgcolor: ground } };
  const { width, height } = layout;
  const address = /** @type {string} */ (await Plotly.toImage(figure, { format, width, height, scale: format === "png" ? 2 : 1 }));
  const [head, body] = [address.slice(0, address.indexOf(",")), address.slice(address.indexOf(",") + 1)];
  if (!head.includes("base64")) return new Blob([decodeURIComponent(body)], { type: "image/svg+xml" });
  return new Blob([Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))], { type: `image/${format}` });
}));
