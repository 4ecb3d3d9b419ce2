// The pointer on a map: what is under it, a lasso, a click, panning and zooming.

import { inside, nearest, rectangle, toMap } from "./plane.js";

/** @typedef {import("./types.js").Points} Points */
/** @typedef {import("./types.js").Ranges} Ranges */
/** @typedef {import("./selection.js").Joining} Joining */

const REACH = 12; // pixels from the pointer to a point it still finds
const STILL = 4; // pixels a click may move

/**
 * @typedef {{
 *   map: () => {points: Points, ranges: Ranges, shown: Uint8Array}|null,
 *   hover: (place: number, at: {clientX: number, clientY: number}|null) => void,
 *   click: (place: number, how: Joining) => void,
 *   lasso: (places: number[], how: Joining) => void,
 *   outline: (corners: number[][]) => void,
 *   drags?: () => "lasso"|"rectangle"|"pan",
 *   pan?: (x: number, y: number) => void,
 *   zoom?: (at: [number, number], factor: number) => void,
 *   reset?: () => void,
 *   touch?: boolean,
 * }} Handlers
 *   `pan` is told how far the map moved, in its own units; `touch` allows a lasso by finger;
 *   `drags`: what a drag does, else a lasso.
 */

/**
 * @param {HTMLElement} element
 * @param {Handlers} on
 */
export function brush(element, on) {
  /** @type {{id: number, corners: number[][], how: Joining, pans: boolean, squared: boolean, moved: boolean}|null} */
  let drag = null;
  let bounds = element.getBoundingClientRect();

  /** @param {MouseEvent} event */
  function here(event) {
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  }

  /** @param {MouseEvent} event @returns {Joining} */
  const joining = (event) => (event.altKey ? "subtract" : event.shiftKey ? "add" : "replace");

  /** @param {number} left @param {number} top @param {{ranges: Ranges}} map */
  const onMap = (left, top, map) => toMap(map.ranges, bounds, left, top);

  /** @param {PointerEvent} event */
  function under(event) {
    const map = on.map();
    if (!map) return -1;
    const [left, top] = here(event);
    const [x, y] = onMap(left, top, map);
    const reach = (REACH * (map.ranges.x[1] - map.ranges.x[0])) / bounds.width;
    return nearest(map.points, x, y, reach, map.shown);
  }

  /** @param {KeyboardEvent} event */
  function escape(event) {
    if (event.key !== "Escape") return;
    event.stopImmediatePropagation();
    cancel();
  }

  function cancel() {
    drag = null;
    document.removeEventListener("keydown", escape, true);
    on.outline([]);
  }

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (drag && drag.id !== event.pointerId) return cancel(); // a second finger: no drag at all
    bounds = element.getBoundingClientRect();
    const pans = on.drags?.() === "pan" && !event.shiftKey && !event.altKey;
    const squared = on.drags?.() === "rectangle";
    drag = { id: event.pointerId, corners: [here(event)], how: joining(event), pans, squared, moved: false };
    document.addEventListener("keydown", escape, true);
    if (event.pointerType === "mouse" || on.touch) element.setPointerCapture(event.pointerId);
  });

  element.addEventListener("pointermove", (event) => {
    if (!drag) {
      bounds = element.getBoundingClientRect();
      if (event.pointerType === "mouse") on.hover(under(event), event);
      return;
    }
    if (event.pointerId !== drag.id) return;
    const [left, top] = here(event);
    const [x, y] = drag.corners[drag.corners.length - 1];
    if (!drag.moved && Math.hypot(left - x, top - y) < STILL) return;
    if (event.pointerType !== "mouse" && !on.touch) return;
    drag.moved = true;
    on.hover(-1, null);
    const map = on.map();
    if (drag.pans && map) {
      const [ax, ay] = onMap(x, y, map);
      const [bx, by] = onMap(left, top, map);
      on.pan?.(bx - ax, by - ay);
      drag.corners = [[left, top]];
    } else if (!drag.pans) {
      drag.corners = drag.squared ? rectangle(drag.corners[0], [left, top]) : [...drag.corners, [left, top]];
      on.outline(drag.corners);
    }
  });

  element.addEventListener("pointerup", (event) => {
    if (event.pointerId !== drag?.id) return;
    const done = drag;
    const map = on.map();
    cancel();
    if (!map) return;
    if (!done.moved) return on.click(under(event), done.how);
    if (done.pans) return;
    const corners = done.corners.map(([left, top]) => onMap(left, top, map));
    on.lasso(inside(map.points, corners, map.shown), done.how);
  });

  element.addEventListener("pointercancel", cancel);
  element.addEventListener("pointerleave", () => {
    if (!drag) on.hover(-1, null);
  });

  if (on.zoom) {
    element.addEventListener("wheel", (event) => {
      const map = on.map();
      if (!map) return;
      event.preventDefault();
      bounds = element.getBoundingClientRect();
      const [left, top] = here(event);
      on.zoom?.(onMap(left, top, map), Math.exp(Math.max(-1, Math.min(1, event.deltaY / 400))));
    }, { passive: false });
  }
  if (on.reset) element.addEventListener("dblclick", on.reset);
}
