// A line of a chart by layer, and how it looks there beside its name.

import { h, svg } from "../dom.js";
import { outline } from "../palette.js";

/** @typedef {import("../types.js").Accuracy} Accuracy */
/** @typedef {Parameters<typeof import("../charts.js").layerLines>[1]["lines"][number]} Line */

/**
 * @param {string} says
 * @param {(Accuracy|undefined)[]} values
 * @param {{colour: string, symbol: string|null, dash: string}} look
 * @returns {Line}
 */
export const lineOf = (says, values, look) => ({
  says,
  values: values.map((v) => v?.accuracy ?? null),
  low: values.map((v) => v?.low ?? null),
  high: values.map((v) => v?.high ?? null),
  ...look,
});

/** A line of the chart as it looks there, with its name. @param {Line} line */
export function sample({ says, colour, symbol, dash }) {
  const dashes = { solid: null, dash: "5 3", dashdot: "6 2 2 2", dot: "2 3" }[dash];
  return h("span", { class: "sample" },
    svg("svg", { width: 26, height: 12, "aria-hidden": "true" },
      svg("path", { d: "M1 6H25", stroke: colour, "stroke-width": 2, "stroke-dasharray": dashes }),
      symbol && svg("path", { d: outline(symbol), transform: "translate(13 6) scale(4.5)", fill: colour })),
    says);
}
