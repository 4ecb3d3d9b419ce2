// The scores of true and of wrong futures of one layer, one over the other, with the margin.

import { h, svg } from "../dom.js";
import { marksOf, outline, tallest } from "../scores.js";

const [WIDTH, HEIGHT] = [300, 84];

/**
 * @param {number[]} edges
 * @param {[number, number]} axis the scores at its sides
 * @param {import("../types.js").Scored} step
 * @param {boolean} margin whether there is one, at +1 for true and at -1 for wrong futures
 * @param {string} says the same in words
 */
export function scorePlot(edges, axis, step, margin, says) {
  const most = tallest([step.true, step.wrong]);
  const [low, high] = axis;
  const at = (/** @type {number} */ v) => ((WIDTH * (v - low)) / (high - low)).toFixed(2);
  const box = { width: WIDTH, height: HEIGHT, most, axis };
  return h(
    "div",
    { class: "score-plot" },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": says },
      svg("path", { class: "wrong", d: outline(step.wrong, edges, box) }),
      svg("path", { class: "true", d: outline(step.true, edges, box) }),
      margin && [
        svg("path", { class: "margin wrong", d: `M${at(-1)} 0V${HEIGHT}` }),
        svg("path", { class: "margin true", d: `M${at(1)} 0V${HEIGHT}` }),
      ],
    ),
    h("div", { class: "score-marks soft" }, marksOf(axis, margin ? [-1, 1] : [0]).map(({ says: text, at: place }) =>
      h("span", { style: { "--at": place.toFixed(4) } }, text))),
  );
}
