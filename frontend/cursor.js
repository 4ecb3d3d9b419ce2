// The same on a map as the pointer does, by keys: a cursor, a rectangle, zooming.

import { centred, spanned, stepped } from "./crosshair.js";
import { counted } from "./text.js";
import { fill, h } from "./dom.js";
import { inside, nearest, toMap } from "./plane.js";

const REACH = 12; // pixels from the cursor to a point that it finds
const CLOSER = 0.8; // of what is in view, a press
const HOW = "Arrows move, Shift+arrows span a rectangle, Enter selects (Shift adds, Alt subtracts), + and − zoom.";

/**
 * Keys for an element that shows a map; while it has the focus, what they have come to is told on it
 * in words. Without a Tab to it arrows do what they do on the page.
 * @param {HTMLElement} element
 * @param {Pick<import("./brush.js").Handlers, "map"|"hover"|"click"|"lasso"|"outline"|"zoom"> & {
 *   cross: (at: [number, number]|null) => void, named: (place: number) => string}} on
 *   `cross` shows the cursor at pixels of the element; `named`: the point at a place, in words
 */
export function cursor(element, on) {
  /** @type {import("./crosshair.js").Crosshair|null} */
  let now = null;
  let done = ""; // what the last key did, until the next
  let tabbed = false;
  const says = h("p", { class: "cursor-says", role: "status", hidden: true });
  element.append(says);
  Object.assign(element, { tabIndex: 0 });
  element.setAttribute("role", "application");
  element.setAttribute("aria-label", `The map. ${HOW}`);

  const size = () => ({ width: element.clientWidth, height: element.clientHeight });

  /** @param {import("./crosshair.js").Crosshair|null} next @param {string} [told] what was done; else what is found there is told */
  function show(next, told = "") {
    [now, done] = [next, told];
    const places = held();
    const [place] = next && !next.from ? places : [];
    const { left, top } = element.getBoundingClientRect();
    on.hover(place ?? -1, next && { clientX: left + next.at[0], clientY: top + next.at[1] });
    on.cross(next?.at ?? null);
    on.outline(next ? spanned(next) : []);
    says.hidden = !next;
    fill(says, told || found(places));
  }

  /** @param {number[]} pixel @param {import("./types.js").Ranges} ranges */
  const onMap = ([left, top], ranges) => toMap(ranges, size(), left, top);

  /** The places of what is spanned, or of the point that the cursor is on. */
  function held() {
    const map = on.map();
    if (!map || !now) return [];
    if (now.from) return inside(map.points, spanned(now).map((corner) => onMap(corner, map.ranges)), map.shown);
    const [x, y] = onMap(now.at, map.ranges);
    const reach = (REACH * (map.ranges.x[1] - map.ranges.x[0])) / Math.max(1, size().width);
    const place = nearest(map.points, x, y, reach, map.shown);
    return place < 0 ? [] : [place];
  }

  /** What is spanned or under the cursor, in words. @param {number[]} places */
  function found(places) {
    if (now?.from) return `${counted(places.length, "image")} in the rectangle; Enter selects.`;
    return places.length ? on.named(places[0]) : HOW;
  }

  /** @param {KeyboardEvent} event */
  function enter({ shiftKey, altKey }) {
    const places = held();
    const how = altKey ? "subtract" : shiftKey ? "add" : "replace";
    const spans = Boolean(now?.from);
    if (spans) on.lasso(places, how);
    else if (places.length) on.click(places[0], how);
    const done = { replace: "selected", add: "added", subtract: "taken from the selection" }[how];
    show(now && { ...now, from: null }, spans || places.length ? `${counted(places.length, "image")} ${done}.` : "No image is here.");
  }

  /** @param {number} factor */
  function zoom(factor) {
    const map = on.map();
    if (!map || !now) return;
    done = "";
    on.zoom?.(onMap(now.at, map.ranges), factor);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was one of these */
  function pressed(event) {
    if (!now) return false;
    const next = event.altKey ? null : stepped(now, event, size());
    if (next) show(next);
    else if (event.key === "Enter") enter(event);
    else if (event.key === "Escape" && now.from) show({ ...now, from: null });
    else if (event.key === "+" || event.key === "=") zoom(CLOSER);
    else if (event.key === "-") zoom(1 / CLOSER);
    else return false;
    return true;
  }

  document.addEventListener("keydown", ({ key }) => (tabbed = key === "Tab"), true);
  document.addEventListener("pointerdown", () => (tabbed = false), true);
  element.addEventListener("pointerdown", () => {
    if (now) show(null);
  });
  element.addEventListener("focus", () => {
    if (tabbed) show(centred(size()));
  });
  element.addEventListener("blur", () => {
    if (now) show(null);
  });
  element.addEventListener("keydown", (event) => {
    const ofBrowser = event.metaKey || (event.ctrlKey && !event.key.startsWith("Arrow"));
    if (ofBrowser || !pressed(event)) return;
    event.preventDefault();
  });

  return {
    /** Tell what was done, or anew what is there: the map under the cursor has changed. */
    refresh() {
      if (now) show(now, done);
    },
  };
}
