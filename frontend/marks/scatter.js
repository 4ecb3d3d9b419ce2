// Predicted against actual responses of a unit: true futures as dots, wrong ones as rings.

import { h, svg } from "../dom.js";
import { ends, points } from "../prediction.js";

const BOX = { width: 292, height: 168, air: 8 };

/**
 * @param {import("../types.js").PredictionStep} step
 * @param {string} says the same in words
 * @param {(image: number, on: boolean) => void} onpoint
 * @param {(image: number) => void} onclick
 */
export function scatter(step, says, onpoint, onclick) {
  /** @param {"true"|"wrong"} which @param {number} r */
  const marks = (which, r) => points(step, which, BOX).map(([x, y], i) => svg("circle", {
    class: which, cx: x.toFixed(1), cy: y.toFixed(1), r,
    onpointerenter: () => onpoint(step.image[i], true),
    onpointerleave: () => onpoint(step.image[i], false),
    onclick: () => onclick(step.image[i]),
  }));
  const across = ends(step.prediction);
  const [low, high] = ends(step.true);
  return h(
    "figure",
    { class: "scatter" },
    h("div", { class: "scatter-plot" },
      h("span", { class: "soft small up" }, "actual"),
      h("div", { class: "scatter-y soft" }, h("span", {}, high), h("span", {}, low)),
      svg("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img", "aria-label": says },
        svg("path", { class: "frame", d: `M0.5 0V${BOX.height - 0.5}H${BOX.width}` }), marks("wrong", 2.6), marks("true", 2.8))),
    h("div", { class: "scatter-x soft" }, h("span", {}, across[0]), h("span", { class: "small" }, "predicted"), h("span", {}, across[1])),
  );
}
