// d' of every class, as rows around zero for the card and as a strip of small columns for a tile.

import { classMark } from "../palette.js";
import { decimal } from "../text.js";
import { h, svg } from "../dom.js";
import { swatch } from "./swatch.js";

/**
 * One row a class: swatch, name, a bar left or right of zero over what chance gives, the value.
 * @param {string[]} classes
 * @param {ArrayLike<number>} values
 * @param {import("../palette.js").Tone} tone
 * @param {{low: number[], high: number[]}|null} [band] of each class, drawn behind its bar
 */
export function classRows(classes, values, tone, band = null) {
  const ends = band ? [...band.low, ...band.high] : [];
  const finite = [...Array.from(values), ...ends].filter(Number.isFinite).map(Math.abs);
  const widest = Math.max(0.5, ...finite);
  return h(
    "div",
    { class: "class-bars" },
    classes.map((name, i) => {
      const share = (50 * Math.abs(values[i] || 0)) / widest;
      const side = values[i] < 0 ? { right: "50%" } : { left: "50%" };
      return h(
        "div",
        { class: "class-bar" },
        swatch(classMark(i, tone)),
        h("span", { class: "name soft", title: name }, name),
        h("div", { class: "track" }, band && h("i", {
          class: "band",
          style: {
            left: `${50 + (50 * band.low[i]) / widest}%`,
            width: `${(50 * (band.high[i] - band.low[i])) / widest}%`,
          },
        }), h("i", {
          class: values[i] < 0 ? "below" : "above",
          style: { ...side, width: `${share}%` },
        })),
        h("span", { class: "value" }, decimal(values[i])),
      );
    }),
  );
}

/**
 * Ten small columns from zero up, or down where d' is negative, in the colours of the classes.
 * @param {ArrayLike<number>} values
 * @param {number} most the d' that fills the height
 * @param {import("../palette.js").Tone} tone
 */
export function classColumns(values, most, tone) {
  const n = values.length;
  return svg(
    "svg",
    { class: "columns", viewBox: `0 0 ${n} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { d: `M0 7H${n}`, class: "zero" }),
    Array.from(values, (value, i) => {
      const tall = Math.max(-3, Math.min(7, (7 * (value || 0)) / most));
      return svg("rect", {
        x: i + 0.12,
        width: 0.76,
        y: tall > 0 ? 7 - tall : 7,
        height: Math.abs(tall),
        fill: classMark(i, tone).colour,
      });
    }),
  );
}
