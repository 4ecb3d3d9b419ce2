// Responses to a row of values that grow by the same factor, such as frequencies.

import { svg } from "../dom.js";

const [WIDTH, HEIGHT, BELOW] = [150, 100, 30];

/**
 * @param {number[]} values one a step
 * @param {string[]} ticks what every step is called; "" leaves one without
 * @param {string} axis
 * @param {number} chosen the step to mark
 * @param {string} says the same in words
 */
export function curve(values, ticks, axis, chosen, says) {
  const most = Math.max(...values) || 1;
  const x = (/** @type {number} */ i) => 8 + ((WIDTH - 16) * i) / (values.length - 1);
  const y = (/** @type {number} */ value) => HEIGHT - (HEIGHT - 8) * (value / most);
  const points = values.map((value, i) => `${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
  return svg(
    "svg",
    { class: "curve-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT + BELOW}`, role: "img", "aria-label": says },
    svg("path", { class: "grid", d: `M0 ${y(most / 2)}H${WIDTH}M0 ${y(most)}H${WIDTH}` }),
    svg("path", { class: "preferred", d: `M${x(chosen)} ${HEIGHT}V${y(values[chosen])}` }),
    svg("path", { class: "curve", d: `M${x(0)} ${HEIGHT}L${points}V${HEIGHT}Z` }),
    values.map((value, i) => svg("circle", { class: i === chosen ? "point on" : "point", cx: x(i), cy: y(value), r: i === chosen ? 3 : 2 })),
    svg("path", { class: "axis", d: `M0 ${HEIGHT}H${WIDTH}` }),
    ticks.map((tick, i) => tick && svg("text", { x: x(i), y: HEIGHT + 9 }, tick)),
    svg("text", { x: WIDTH / 2, y: HEIGHT + 24 }, axis),
  );
}
