// A map as a drawing of vectors, to be printed: the points as they are shown, and what they mean.

import { outline } from "./palette.js";

/**
 * `groups` are drawn in their order; with `chosen`, points that are not selected are faint.
 * @typedef {{points: import("./types.js").Points, ranges: import("./types.js").Ranges,
 *   width: number, height: number, groups: import("./types.js").Group[], selected: Uint8Array,
 *   chosen: boolean, size: number, title: string, caption: string, ink: string, soft: string,
 *   surface: string, legend: {says: string, colour: string, symbol: string}[]}} Drawing
 */

const EDGE = 16;
const HEAD = 34;
const FOOT = 28;
const [LEAST, MOST, LETTER] = [120, 420, 7]; // width of the key and of a letter in it, pixels
const LINE = 18;
const FAINT = 0.2;
const OPACITY = 0.75;

/** @param {string} text */
const escaped = (text) =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** @param {Drawing} what */
const keyWidth = ({ legend }) =>
  legend.length ? Math.min(MOST, Math.max(LEAST, 30 + LETTER * Math.max(...legend.map(({ says }) => says.length)))) : 0;

/** @param {number} value */
const short = (value) => `${Math.round(100 * value) / 100}`;

/** @param {Drawing} what @returns {string} an SVG document */
export function mapSvg(what) {
  const { width, height, ink, soft, surface } = what;
  const whole = { width: width + 2 * EDGE + keyWidth(what), height: height + HEAD + FOOT };
  const text = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ says, /** @type {string} */ fill, size = 12, weight = 400) =>
    `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}" font-weight="${weight}">${escaped(says)}</text>`;
  const rows = what.legend.map(({ says, colour, symbol }, i) => {
    const y = HEAD + 8 + LINE * i;
    return `<path transform="translate(${width + 2 * EDGE + 6} ${y}) scale(5)" d="${outline(symbol)}" fill="${colour}"/>${text(width + 2 * EDGE + 20, y + 4, says, ink)}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${whole.width}" height="${whole.height}" viewBox="0 0 ${whole.width} ${whole.height}" font-family="system-ui, sans-serif">`,
    `<rect width="100%" height="100%" fill="${surface}"/>`,
    text(EDGE, 22, what.title, ink, 14, 600),
    `<svg x="${EDGE}" y="${HEAD}" width="${short(width)}" height="${short(height)}">`,
    ...what.groups.flatMap((group) => marks(what, group, true)),
    ...(what.chosen ? what.groups.flatMap((group) => marks(what, group, false)) : []),
    "</svg>",
    ...rows,
    text(EDGE, whole.height - 10, what.caption, soft, 11),
    "</svg>",
  ].join("\n");
}

/** One path a colour; `all` points as the ground, or those selected on top. @param {Drawing} what @param {import("./types.js").Group} group @param {boolean} all */
function marks(what, { colour, symbol, positions }, all) {
  const { points, ranges, width, height, selected, size, chosen } = what;
  const shape = outline(symbol);
  const radius = short(size / 2);
  const drawn = [];
  for (let i = 0; i < positions.length; i++) {
    const at = positions[i];
    if (!all && !selected[at]) continue;
    const x = ((points.x[at] - ranges.x[0]) / (ranges.x[1] - ranges.x[0])) * width;
    const y = ((ranges.y[1] - points.y[at]) / (ranges.y[1] - ranges.y[0])) * height;
    if (x < -size || y < -size || x > width + size || y > height + size) continue;
    const fill = typeof colour === "string" ? "" : ` fill="${colour[i]}"`;
    drawn.push(`<path transform="translate(${short(x)} ${short(y)}) scale(${radius})" d="${shape}"${fill}/>`);
  }
  const own = typeof colour === "string" ? ` fill="${colour}"` : "";
  return drawn.length ? [`<g${own} opacity="1" fill-opacity="${all ? (chosen ? OPACITY * FAINT : OPACITY) : 1}">`, ...drawn, "</g>"] : [];
}
