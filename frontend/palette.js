// Colours and shapes of the points: ten classes told apart by hue and by shape, and a ramp for
// numbers. Hues after Okabe and Ito (2008), cividis after Nuñez, Anderton and Renslow (2018).

/** @typedef {"light"|"dark"} Tone */

const HUES = {
  light: "#0072b2 #c98000 #009e73 #c4589a #3c97d3 #d55e00 #6a51a3 #8a6d1f #686d75 #9a9600",
  dark: "#3f9fe0 #efac2e #22b98c #dc93bd #86cbf3 #f07a30 #a992e0 #c4a553 #a9afb8 #e2dc4a",
};
const COLOURS = { light: HUES.light.split(" "), dark: HUES.dark.split(" ") };
const NONE = { light: "#8b9097", dark: "#7f858e" };

// From what is near the ground to what is farthest from it: equal steps by CIEDE2000, and cividis.
const RAMPS = {
  light: "#bdcbd5 #a0c0d7 #7bb0d9 #549bd5 #2f86cd #0a73c0 #005fae #004b96 #013779 #0b2558".split(" "),
  dark: "#153770 #3d4a6c #585e6d #717273 #8b8778 #a69d74 #c4b469 #e1cc55 #fee838".split(" "),
};

/**
 * A shape: its name in Plotly, and how it is drawn around the origin with radius 1.
 * @typedef {{name: string, draw: (path: CanvasPath, x: number, y: number, r: number) => void}} Shape
 */

/** @param {number[][]} corners @returns {Shape["draw"]} */
const polygon = (corners) => (path, x, y, r) => {
  corners.forEach(([cx, cy], i) => path[i ? "lineTo" : "moveTo"](x + r * cx, y + r * cy));
  path.closePath();
};

/** @param {number} n @param {number} turn @param {number} [inner] radius of the notches */
function star(n, turn, inner) {
  const corners = inner ? 2 * n : n;
  return Array.from({ length: corners }, (_, i) => {
    const angle = turn + (2 * Math.PI * i) / corners;
    const r = inner && i % 2 ? inner : 1;
    return [r * Math.cos(angle), r * Math.sin(angle)];
  });
}

const UP = -Math.PI / 2;
const PLUS = [[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35],
  [0.35, 1], [-0.35, 1], [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]];
const CROSS = PLUS.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]);

/** @type {Shape[]} */
const SHAPES = [
  {
    name: "circle",
    draw: (path, x, y, r) => {
      path.moveTo(x + r, y);
      path.arc(x, y, r, 0, 2 * Math.PI);
    },
  },
  { name: "square", draw: polygon([[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]]) },
  { name: "triangle-up", draw: polygon(star(3, UP)) },
  { name: "diamond", draw: polygon(star(4, UP)) },
  { name: "triangle-down", draw: polygon(star(3, -UP)) },
  { name: "cross", draw: polygon(PLUS) },
  { name: "star", draw: polygon(star(5, UP, 0.45)) },
  { name: "pentagon", draw: polygon(star(5, UP)) },
  { name: "x", draw: polygon(CROSS) },
  { name: "hexagon", draw: polygon(star(6, UP)) },
];

/**
 * Colour and shape of a class; more than ten classes share hues but not the pair.
 * @param {number} index -1 for an image without a label
 * @param {Tone} tone
 * @returns {{colour: string, shape: Shape}}
 */
export function classMark(index, tone) {
  if (index < 0) return { colour: NONE[tone], shape: SHAPES[0] };
  const round = Math.floor(index / 10);
  return { colour: COLOURS[tone][index % 10], shape: SHAPES[(index + 3 * round) % 10] };
}

/** The colour of what has no value. @param {Tone} tone */
export const grey = (tone) => NONE[tone];

/** @param {string} name @returns {Shape} */
export const shapeNamed = (name) => SHAPES.find((shape) => shape.name === name) ?? SHAPES[0];

/** The edge of a shape around the origin with radius 1, as a path of SVG. @param {string} name */
export function outline(name) {
  /** @type {string[]} */
  const steps = [];
  const at = (/** @type {number} */ x, /** @type {number} */ y) => `${Math.round(1000 * x) / 1000} ${Math.round(1000 * y) / 1000}`;
  const pen = {
    moveTo: (/** @type {number} */ x, /** @type {number} */ y) => steps.push(`M${at(x, y)}`),
    lineTo: (/** @type {number} */ x, /** @type {number} */ y) => steps.push(`L${at(x, y)}`),
    arc: () => steps.push("A1 1 0 1 1 -1 0A1 1 0 1 1 1 0"),
    closePath: () => steps.push("Z"),
  };
  shapeNamed(name).draw(/** @type {any} */ (pen), 0, 0, 1);
  return steps.join("");
}

/**
 * The ramp for a number from 0 to 1: the lowest is quiet, near the ground, and the highest stands
 * out most from it, in both themes.
 * @param {number} share
 * @param {Tone} tone
 */
export function ramp(share, tone) {
  const stops = RAMPS[tone];
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const [a, b] = [stops[Math.floor(at)], stops[Math.ceil(at)]];
  const mix = [1, 3, 5].map((i) => {
    const [p, q] = [a, b].map((hex) => parseInt(hex.slice(i, i + 2), 16));
    return Math.round(p + (q - p) * (at % 1));
  });
  return `rgb(${mix.join(",")})`;
}
