// How often a unit answers how strongly, as bars over its range.

import { count, decimal } from "../text.js";
import { h, svg } from "../dom.js";

/**
 * @param {{edges: number[], counts: number[]}} histogram
 * @param {number|null} marked a response to point out
 */
export function histogram({ edges, counts }, marked) {
  const [low, high] = [edges[0], edges[edges.length - 1]];
  const most = Math.max(1, ...counts);
  const digits = Math.min(5, Math.max(2, 1 - Math.floor(Math.log10(high - low || 1)))); // two that differ
  const height = 56;
  const at = (/** @type {number} */ v) => (300 * (v - low)) / (high - low || 1);
  return h(
    "div",
    { class: "histogram" },
    svg(
      "svg",
      { viewBox: `0 0 300 ${height}`, preserveAspectRatio: "none", role: "img",
        "aria-label": `Histogram of ${count(counts.reduce((a, b) => a + b, 0))} responses from ${decimal(low, digits)} to ${decimal(high, digits)}` },
      counts.map((n, i) => {
        const tall = n ? Math.max(1, (height * n) / most) : 0;
        return svg("rect", {
          x: at(edges[i]) + 0.5,
          width: Math.max(0.5, at(edges[i + 1]) - at(edges[i]) - 1),
          y: height - tall,
          height: tall,
        });
      }),
      marked === null ? null : svg("path", { class: "marked", d: `M${at(marked)} 0V${height}` }),
    ),
    h("div", { class: "pair small soft" }, h("span", {}, decimal(low, digits)), h("span", {}, decimal(high, digits))),
  );
}
