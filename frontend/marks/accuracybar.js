// Accuracy as a bar from 0 to 1 with its interval, and ticks for chance and the random encoder.

import { h } from "../dom.js";
import { percent } from "../text.js";

/**
 * @param {import("../types.js").Accuracy} accuracy
 * @param {{says: string, value: number, kind: string}[]} ticks
 */
export function accuracyBar({ accuracy, low, high }, ticks) {
  const share = (/** @type {number} */ v) => `${(100 * v).toFixed(2)}%`;
  const told = ticks.map((tick) => `${tick.says} ${percent(tick.value)}`).join(", ");
  return h(
    "div",
    {
      class: "accuracy",
      title: `${percent(accuracy)}, 95 % interval ${percent(low)} to ${percent(high)}; ${told}`,
    },
    h("i", { class: "fill", style: { width: share(accuracy) } }),
    h("i", { class: "interval", style: { left: share(low), width: share(high - low) } }),
    ticks.map(({ value, kind }) => h("i", { class: `tick ${kind}`, style: { left: share(value) } })),
  );
}
