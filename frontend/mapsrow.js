// Maps beside each other, linked with all others: the same selection, rings and colours.

import { brush } from "./brush.js";
import { createMapView } from "./mapview.js";
import { boxOn, fill, h, perFrame } from "./dom.js";
import { home, ranges } from "./plane.js";
import { linked } from "./linked.js";

/** @typedef {import("./types.js").Points} Points */

/**
 * A map to show; its points are in the order of the images in view. `click` is told the image under
 * the pointer, or -1.
 * @typedef {{key: string, title: string, says: string, on: boolean, points: Points,
 *   click: (id: number) => void}} Shown
 */

/**
 * @param {import("./types.js").Page} page
 * @param {{label: string, large: boolean}} how `large`: classes are told apart by shape too
 */
export function createMapsRow({ state, scene, tip }, { label, large }) {
  const view = createMapView();
  const track = h("div", { class: "row-track" });
  const element = h("div", { class: `maps-row ${large ? "large" : ""}`, role: "group", "aria-label": label }, track);
  /** @type {Shown[]} */
  let list = [];
  /** @type {{element: HTMLElement, title: HTMLElement, surface: HTMLElement}[]} */
  let cells = [];
  /** @type {import("./types.js").Box[]} */
  let boxes = [];
  let size = { width: 0, height: 0 };

  function measure() {
    size = { width: track.clientWidth, height: track.clientHeight };
    boxes = cells.map(({ surface }) => boxOn(track, surface));
  }

  /** @param {number} i */
  function cell(i) {
    const title = h("button", { class: "cell-title", onclick: () => list[i]?.click(-1) });
    const surface = h("div", { class: "row-map" });
    brush(surface, {
      ...linked({ state, scene }, view, i),
      hover: (place, event) => tip.show(place, event),
      click: (place) => list[i]?.click(place < 0 ? -1 : scene.layers?.ids[place] ?? -1),
      touch: large,
    });
    return { element: h("div", { class: "row-cell" }, title, surface), title, surface };
  }

  function draw() {
    if (!list.length || !size.width || !size.height || !scene.layers) return view.show(null);
    const maps = list.map(({ points }, i) => ({
      points, box: boxes[i], ranges: ranges(home(points, boxes[i]), boxes[i]),
    }));
    const small = scene.layers.ids.length > 3000;
    view.show({
      ...size,
      maps,
      groups: scene.groups,
      selected: scene.selected,
      chosen: state.now.selection.length > 0,
      size: large ? (small ? 4 : 6) : small ? 2.2 : 3.2,
      shapes: large,
    });
    element.dataset.drawn = list.map(({ key }) => key).join(" ");
    tell();
  }

  function tell() {
    element.dataset.selected = `${state.now.selection.length}`;
    const { image } = state.now;
    const pinned = image === null ? -1 : scene.place(image);
    view.lines.rings(view.maps, { pointed: tip.pointed, pinned, radius: large ? 8 : 5 });
  }

  const redraw = perFrame(() => {
    measure();
    draw();
  });
  scene.on(["paint"], redraw);
  scene.on(["selection"], () => {
    view.select(scene.selected, state.now.selection.length > 0);
    tell();
  });
  state.on(["image"], tell);
  tip.on(tell);
  new ResizeObserver(redraw).observe(track);

  return {
    element,
    /** @param {Shown[]} wanted */
    show(wanted) {
      const before = list.length;
      list = wanted;
      if (before !== list.length) {
        cells = list.map((_, i) => cell(i));
        track.style.setProperty("--maps", `${list.length}`);
        fill(track, cells.map((c) => c.element), view.elements);
      }
      list.forEach(({ title, says, on, points: { lacking } }, i) => {
        fill(cells[i].title, h("b", { title }, h("bdi", {}, title)),
          h("span", { class: "soft", title: lacking ?? false }, lacking ? "no map" : says));
        fill(cells[i].surface, large && lacking && h("p", { class: "soft small lacking" }, lacking));
        cells[i].element.classList.toggle("on", on);
      });
      redraw();
    },
  };
}
