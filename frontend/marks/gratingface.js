// A patch of a grating, as it is shown to an encoder.

import { svg } from "../dom.js";

const SHADES = 12; // steps of half a cycle

let faces = 0;

/**
 * @param {number} orientation of the stripes, degrees anticlockwise from horizontal
 * @param {number} cycles in the patch
 * @param {number} side pixels on the page
 */
export function gratingFace(orientation, cycles, side) {
  const id = `grating-${++faces}`;
  const half = 1 / (2 * cycles); // of a cycle, in sides of the patch: dark to light
  const shades = Array.from({ length: SHADES + 1 }, (_, i) => {
    const light = Math.round(255 * (0.41 - 0.36 * Math.cos((Math.PI * i) / SHADES)));
    return svg("stop", { offset: i / SHADES, "stop-color": `rgb(${light} ${light} ${light})` });
  });
  return svg(
    "svg",
    { class: "grating-face", width: side, height: side, viewBox: "0 0 1 1", "aria-hidden": "true" },
    svg("linearGradient", {
      id, gradientUnits: "userSpaceOnUse", spreadMethod: "reflect", x1: 0, x2: half, y1: 0, y2: 0,
      gradientTransform: `rotate(${90 - orientation} 0.5 0.5) translate(${0.5 - half / 2} 0)`,
    }, shades),
    svg("rect", { width: 1, height: 1, fill: `url(#${id})` }),
  );
}
