// The colour and shape of a class, as a small drawing beside its name.

import { svg } from "../dom.js";

/**
 * @param {{colour: string, shape: import("../palette.js").Shape}} mark
 * @param {number} side pixels
 */
export function swatch({ colour, shape }, side = 11) {
  return svg(
    "svg",
    { class: "swatch", width: side, height: side, viewBox: "-1.1 -1.1 2.2 2.2", "aria-hidden": "true" },
    svg("path", { d: outline(shape), fill: colour }),
  );
}

/** The edge of a shape around the origin with radius 1, as a path. @param {import("../palette.js").Shape} shape */
export function outline(shape) {
  /** @type {string[]} */
  const steps = [];
  const pen = {
    moveTo: (/** @type {number} */ x, /** @type {number} */ y) => steps.push(`M${x} ${y}`),
    lineTo: (/** @type {number} */ x, /** @type {number} */ y) => steps.push(`L${x} ${y}`),
    arc: () => steps.push("A1 1 0 1 1 -1 0A1 1 0 1 1 1 0"),
    closePath: () => steps.push("Z"),
  };
  shape.draw(/** @type {any} */ (pen), 0, 0, 1);
  return steps.join("");
}
