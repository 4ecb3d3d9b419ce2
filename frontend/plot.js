// The only file that knows Plotly: charts, drawn one after another.

import { plotlyAddress } from "./api.js";

const KEY_LINE = 20; // pixels of height for a line of the key
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false, showTips: false };

/** @type {Promise<any>|null} */
let library = null;

/** Plotly, once its script has run; what failed is tried again when it is next wanted. */
export function plotly() {
  library ??= plotlyAddress().then((address) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(/** @type {any} */ (window).Plotly);
    script.onerror = () => reject(new Error("The server did not send plotly.js; is it still running?"));
    document.head.append(script);
  }));
  library.catch(() => (library = null));
  return library;
}

/** @type {Promise<unknown>} */
let turn = Promise.resolve();

/**
 * Calls `draw` once Plotly is there and the chart before is drawn and seen.
 * @param {(Plotly: any) => Promise<unknown>} draw
 */
function inTurn(draw) {
  const mine = turn.then(plotly).then(draw);
  turn = mine.catch(() => {}).then(() => new Promise((done) => setTimeout(done)));
  return mine;
}

/**
 * Draw a small chart, or draw it anew.
 * @param {HTMLElement} element
 * @param {object[]} traces
 * @param {object} layout
 * @param {(trace: number) => void} [pointed] is told the trace under the pointer, or -1
 */
export async function chart(element, traces, layout, pointed) {
  await inTurn((Plotly) => Plotly.react(element, traces, layout, CONFIG));
  if (!pointed) return;
  const drawn = /** @type {any} */ (element);
  for (const event of ["plotly_hover", "plotly_unhover"]) {
    drawn.removeAllListeners(event);
    drawn.on(event, (/** @type {any} */ { points }) => pointed(event === "plotly_hover" ? points[0].curveNumber : -1));
  }
}

/**
 * Let one line of a chart stand out, with its intervals, while the others fade; all alike without one.
 * @param {HTMLElement} element
 * @param {number} place of its trace, or -1
 */
export function standOut(element, place) {
  element.querySelectorAll(".scatterlayer > .trace").forEach((trace, i) => {
    trace.classList.toggle("faint", place >= 0 && i !== place);
    trace.classList.toggle("out", i === place);
  });
}

/**
 * A chart that is drawn, as a picture: an SVG of vectors, or a PNG of twice its size. What the page
 * names beside it has its key below.
 * @param {HTMLElement} element
 * @param {"svg"|"png"} format
 * @param {string} ground colour behind it
 */
export const picture = (element, format, ground) => /** @type {Promise<Blob>} */ (inTurn(async (Plotly) => {
  const { data, layout } = /** @type {any} */ (element);
  const keyed = (/** @type {{name?: string}} */ part) => ({ ...part, showlegend: Boolean(part.name) });
  const [traces, shapes] = [data.map(keyed), (layout.shapes ?? []).map(keyed)];
  const named = [...traces, ...shapes].filter(({ showlegend }) => showlegend).length;
  const [width, height] = [layout.width, layout.height + KEY_LINE * named];
  const key = { showlegend: named > 0, legend: { orientation: "h", x: 0, y: -0.1, yanchor: "top" } };
  const figure = { data: traces, layout: { ...layout, ...key, shapes, width, height, paper_bgcolor: ground } };
  const address = /** @type {string} */ (await Plotly.toImage(figure, { format, width, height, scale: format === "png" ? 2 : 1 }));
  const [head, body] = [address.slice(0, address.indexOf(",")), address.slice(address.indexOf(",") + 1)];
  if (!head.includes("base64")) return new Blob([decodeURIComponent(body)], { type: "image/svg+xml" });
  return new Blob([Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))], { type: `image/${format}` });
}));
