// The colour and shape of a class, as a small drawing beside its name.

import { outline } from "../palette.js";
import { svg } from "../dom.js";

/**
 * @param {{colour: string, shape: import("../palette.js").Shape}} mark
 * @param {number} side pixels
 */
export function swatch({ colour, shape }, side = 11) {
  return svg(
    "svg",
    { class: "swatch", width: side, height: side, viewBox: "-1.1 -1.1 2.2 2.2", "aria-hidden": "true" },
    svg("path", { d: outline(shape.name), fill: colour }),
  );
}
