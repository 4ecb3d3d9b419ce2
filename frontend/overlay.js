// What maps are drawn with: points as stamps, thumbnails, rings and the lasso.

import { rgbOf, stamper, stampOf } from "./stamp.js";
import { svg } from "./dom.js";

/** @typedef {import("./types.js").Group} Group */
/** @typedef {import("./types.js").Points} Points */
/** @typedef {import("./types.js").Ranges} Ranges */
/** @typedef {import("./types.js").Box} Box */
/** @typedef {{box: Box, ranges: Ranges, points: Points}} Placed one map on the canvas */

const APART = 4; // pixels from a thumbnail to the next
const ROOM = 0.5; // share of a map that thumbnails may cover

/**
 * Pixels of the canvas at which a point of a map lies.
 * @param {Placed} map
 * @param {number} place
 * @returns {[number, number]}
 */
export function pixel({ box, ranges, points }, place) {
  return [
    box.left + ((points.x[place] - ranges.x[0]) / (ranges.x[1] - ranges.x[0])) * box.width,
    box.top + ((ranges.y[1] - points.y[place]) / (ranges.y[1] - ranges.y[0])) * box.height,
  ];
}

/**
 * A cleared canvas of that size in CSS pixels, drawn at the screen's own resolution.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function cleared(canvas, width, height) {
  const ratio = Math.max(1, window.devicePixelRatio);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * Stamp the points that `wanted` marks on a picture of all maps, in their own colours.
 * @param {ImageData} picture
 * @param {Placed[]} maps
 * @param {Group[]} groups
 * @param {Uint8Array|null} wanted null for all
 * @param {{size: number, opacity: number, shapes: boolean}} look
 */
export function stampPoints(picture, maps, groups, wanted, { size, opacity, shapes }) {
  const ratio = Math.max(1, window.devicePixelRatio);
  for (const { colour, symbol, positions } of groups) {
    const places = wanted ? positions.filter((place) => wanted[place]) : positions;
    const stamp = stampOf(shapes ? symbol : "circle", size * ratio, opacity);
    const put = stamper(picture, stamp, rgbOf(colour));
    for (const { box, ranges, points } of maps) {
      const sx = box.width / (ranges.x[1] - ranges.x[0]);
      const sy = box.height / (ranges.y[1] - ranges.y[0]);
      for (const place of places) {
        const x = (points.x[place] - ranges.x[0]) * sx;
        const y = (ranges.y[1] - points.y[place]) * sy;
        if (x < 0 || y < 0 || x > box.width || y > box.height) continue;
        put((box.left + x) * ratio, (box.top + y) * ratio);
      }
    }
  }
}

/**
 * Thumbnails instead of dots, as many as fit without covering each other; selected ones first.
 * @param {CanvasRenderingContext2D} canvas
 * @param {Placed} map
 * @param {Group[]} groups
 * @param {Uint8Array} selected
 * @param {boolean} chosen is anything selected?
 * @param {number} side pixels
 * @param {(canvas: CanvasRenderingContext2D, place: number, x: number, y: number, side: number) => void} draw
 * @returns {number[]} the places that were drawn
 */
export function drawThumbnails(canvas, map, groups, selected, chosen, side, draw) {
  const step = side + APART;
  /** @type {number[]} */
  const drawn = [];
  /** @type {Map<string, [number, number]>} */
  const taken = new Map();
  const all = groups.flatMap(({ colour, positions }) =>
    Array.from(positions, (place) => ({ place, colour })));
  if (chosen) all.sort((a, b) => selected[b.place] - selected[a.place]);
  for (const { place, colour } of all) {
    const [x, y] = pixel(map, place);
    if (x < 0 || y < 0 || x > map.box.width || y > map.box.height) continue;
    const [column, row] = [Math.floor(x / step), Math.floor(y / step)];
    const free = [-1, 0, 1].every((i) => [-1, 0, 1].every((j) => {
      const [ox, oy] = taken.get(`${column + i} ${row + j}`) ?? [-99, -99];
      return Math.abs(ox - x) >= step || Math.abs(oy - y) >= step;
    }));
    if (!free) continue;
    taken.set(`${column} ${row}`, [x, y]);
    canvas.globalAlpha = chosen && !selected[place] ? 0.25 : 1;
    canvas.fillStyle = colour;
    canvas.fillRect(x - side / 2 - 1.5, y - side / 2 - 1.5, side + 3, side + 3);
    draw(canvas, place, x, y, side);
    drawn.push(place);
  }
  canvas.globalAlpha = 1;
  return drawn;
}

/**
 * Whether so many thumbnails find room in a box, most of them.
 * @param {number} count
 * @param {{width: number, height: number}} box
 * @param {number} side
 */
export const haveRoom = (count, { width, height }, side) => count * (side + APART) ** 2 <= ROOM * width * height;

/**
 * Rings around points that want attention.
 * @param {CanvasRenderingContext2D} canvas
 * @param {Placed} map
 * @param {Iterable<number>} places
 * @param {number} radius
 * @param {string} colour
 */
export function drawRings(canvas, map, places, radius, colour) {
  const { left, top, width, height } = map.box;
  canvas.beginPath();
  for (const place of places) {
    const [x, y] = pixel(map, place);
    if (x < left || y < top || x > left + width || y > top + height) continue;
    canvas.moveTo(x + radius, y);
    canvas.arc(x, y, radius, 0, 2 * Math.PI);
  }
  canvas.strokeStyle = colour;
  canvas.lineWidth = 1;
  canvas.stroke();
}

/** The lines over maps: a lasso, and a map's two rings (under the pointer, and pinned) and cross. */
export function createLines() {
  const lasso = svg("polygon", { class: "lasso" });
  const rings = svg("g", {});
  const crosses = svg("g", {});
  const cursor = svg("g", { class: "at-keys" });
  const element = svg("svg", { class: "lines", "aria-hidden": "true" }, rings, crosses, lasso, cursor);
  return {
    element,
    /** The cursor that keys move. @param {[number, number]|null} at pixels of the canvas */
    cursor: (at) => cursor.replaceChildren(...(at ? crossAt(...at, "M-12 0H12M0 -12V12") : [])),
    /** @param {number[][]} corners in pixels of the canvas */
    lasso: (corners) => lasso.setAttribute("points", corners.map((c) => c.join()).join(" ")),
    /**
     * Mark a spot that is no point of a map, at most one a map.
     * @param {Placed[]} maps
     * @param {({x: number, y: number}|null)[]} spots in the coordinates of each map
     */
    crosses(maps, spots) {
      const drawn = maps.flatMap((map, i) => (spots[i] ? [cross(map, /** @type {any} */ (spots[i]))] : []));
      crosses.replaceChildren(...drawn);
    },
    /**
     * @param {Placed[]} maps
     * @param {{pointed: number, pinned: number, radius: number}} what places, -1 for none
     */
    rings(maps, { pointed, pinned, radius }) {
      while (rings.childNodes.length < 2 * maps.length) rings.append(svg("circle"));
      while (rings.childNodes.length > 2 * maps.length) rings.lastChild?.remove();
      maps.forEach((map, i) => {
        ring(rings.children[2 * i], map, pinned, "ring pinned");
        ring(rings.children[2 * i + 1], map, pointed, "ring");
      });
      for (const circle of rings.children) circle.setAttribute("r", `${radius}`);
    },
  };
}

/** @param {Placed} map @param {{x: number, y: number}} spot kept at the edge where it lies beyond */
function cross({ box, ranges }, spot) {
  const inside = (/** @type {number} */ share) => Math.min(1, Math.max(0, share));
  const x = box.left + inside((spot.x - ranges.x[0]) / (ranges.x[1] - ranges.x[0])) * box.width;
  const y = box.top + inside((ranges.y[1] - spot.y) / (ranges.y[1] - ranges.y[0])) * box.height;
  const d = "M-11 0H-5M5 0H11M0 -11V-5M0 5V11M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0";
  return svg("g", { class: "cross" }, crossAt(x, y, d));
}

/** A path with a halo, so that it is seen on any ground. @param {number} x @param {number} y @param {string} d */
function crossAt(x, y, d) {
  const transform = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
  return ["halo", ""].map((look) => svg("path", { d, class: look, transform }));
}

/** @param {Element} circle @param {Placed} map @param {number} place @param {string} look */
function ring(circle, map, place, look) {
  const [x, y] = place < 0 ? [-99, -99] : pixel(map, place);
  const { left, top, width, height } = map.box;
  const seen = x >= left && y >= top && x <= left + width && y <= top + height;
  circle.setAttribute("class", seen ? look : "ring away");
  if (!seen) return;
  circle.setAttribute("cx", `${x}`);
  circle.setAttribute("cy", `${y}`);
}
