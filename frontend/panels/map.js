// One layer's map, large: pan, zoom, lasso, hover, and images in place of dots.

import { asText } from "../marks/astext.js";
import { brush } from "../brush.js";
import { counted, decimal, layerSentence, mapCaption } from "../text.js";
import { createMapView } from "../mapview.js";
import { cursor } from "../cursor.js";
import { drawRings, drawThumbnails, haveRoom } from "../overlay.js";
import { fill, h, perFrame } from "../dom.js";
import { home, inView, ranges, zoomed } from "../plane.js";
import { joined } from "../selection.js";
import { linked } from "../linked.js";
import { lostPoints } from "../lost.js";
import { pending } from "../pending.js";
import { pendingNotice } from "../marks/pending.js";

/** @typedef {import("../selection.js").Joining} Joining */

const THUMBNAIL = 30; // pixels a side

/** @param {import("../types.js").Page} page */
export function map(page) {
  const { state, scene, runs, tip, atlas, example } = page;
  const shown = createMapView();
  const wait = pendingNotice(page);
  const surface = h("div", { class: "surface" }, shown.elements);
  const caption = h("figcaption", { class: "caption soft" });
  const says = h("p", { class: "unseen", "aria-live": "polite" });
  const words = asText("Images on the map");
  const whole = h("button", { class: "button small whole", onclick: shrink }, "Whole map");
  const element = h("figure", { class: "map", id: "map" }, surface, whole, wait.element, caption, says, words.element);
  /** @type {import("../overlay.js").Placed|null} */
  let placed = null;
  let size = { width: 0, height: 0 };

  const handlers = {
    ...linked({ state, scene }, shown, 0),
    map: () => placed && { points: placed.points, ranges: placed.ranges, shown: scene.shown },
    /** @param {number} place @param {{clientX: number, clientY: number}|null} at */
    hover: (place, at) => tip.show(place, at, state.now.layer),
    /** @param {number} place @param {Joining} how */
    click(place, how) {
      if (place < 0 || !scene.layers) return;
      const id = scene.layers.ids[place];
      state.set({ selection: joined(state.now.selection, [id], how), ...(how === "subtract" ? {} : { image: id }) });
    },
    drags: () => state.now.drag,
    /** @param {number} x @param {number} y */
    pan(x, y) {
      const [cx, cy, span] = view();
      state.set({ view: [cx - x, cy - y, span] });
    },
    /** @param {[number, number]} at @param {number} factor */
    zoom(at, factor) {
      const points = scene.maps[state.now.layer];
      const widest = 4 * home(points, box())[2];
      const next = zoomed(view(), at, factor);
      if (next[2] < widest && next[2] > widest / 4000) state.set({ view: next });
    },
    reset: () => state.set({ view: null }),
    touch: true,
  };
  brush(surface, handlers);
  const keys = cursor(surface, {
    ...handlers,
    cross: shown.lines.cursor,
    named: (place) => `Image ${scene.layers?.ids[place]}, ${scene.className(place)}; Enter pins it.`,
  });

  /** The focus that the button had goes to the map, if keys brought it there. @param {MouseEvent} event */
  function shrink({ detail }) {
    state.set({ view: null });
    if (!detail) surface.focus();
  }

  /** @returns {[number, number, number]} */
  const view = () => state.now.view ?? home(scene.maps[state.now.layer], box());

  const box = () => ({ left: 0, top: 0, ...size });

  /** Where the map stands now, or null while there is nothing to show or it is not in view. */
  function place() {
    const points = scene.maps[state.now.layer];
    if (!scene.layers || !points || !size.width || !size.height || state.now.tab !== "map" || toCome()) return null;
    return { points, box: box(), ranges: ranges(view(), box()) };
  }

  /** What is to be said in place of the map while it is missing. */
  function toCome() {
    const { layers } = scene;
    return layers && pending(runs.get(layers.run), layers.epoch, layers.layers[state.now.layer], "embedding");
  }

  function keepUp() {
    const told = toCome();
    surface.hidden = told !== null;
    wait.update(told, runs.get(scene.layers?.run ?? null));
  }

  const seen = () =>
    scene.layers ? `${scene.layers.run}@${scene.layers.epoch}/${state.now.layer}` : "";

  /** Larger from near, so that a few points fill the view. @param {number} span */
  function dotSize(span) {
    const closer = span / view()[2];
    const base = scene.maps[0].x.length > 3000 ? 5.5 : 8;
    return Math.round(2 * (state.now.size / 100) * Math.min(14, base * Math.max(1, closer ** 0.35))) / 2;
  }

  /** The side of a thumbnail. */
  const side = () => Math.round((THUMBNAIL * state.now.size) / 100);

  /** Images in place of dots? @param {import("../overlay.js").Placed} map */
  function asImages(map) {
    const { points } = state.now;
    if (points === "dots" || !atlas.ready) return false;
    return points === "images" || haveRoom(inView(map.points, map.ranges, scene.shown), map.box, side());
  }

  function draw() {
    placed = place();
    whole.hidden = !state.now.view;
    keepUp();
    if (surface.hidden) {
      delete element.dataset.drawn;
      tell();
    }
    if (!placed || !scene.layers) return;
    const map = placed;
    const images = asImages(map);
    const size = dotSize(home(map.points, map.box)[2]);
    const lost = state.now.lost === "marked" ? lostPoints(scene.maps[state.now.layer].kept) : null;
    element.dataset.points = images ? "images" : "dots";
    /** @type {number[]|null} */
    let drawn = null;
    shown.show({
      width: map.box.width,
      height: map.box.height,
      maps: [map],
      groups: scene.groups,
      selected: scene.selected,
      chosen: state.now.selection.length > 0,
      size,
      shapes: true,
      faint: images,
      over: images
        ? (canvas) => (drawn = drawThumbnails(canvas, map, scene.groups, scene.selected, state.now.selection.length > 0, side(), atlas.draw))
        : undefined,
      marks: lost ? (canvas) => {
        const places = drawn ?? scene.groups.flatMap(({ positions }) => Array.from(positions));
        const radius = images ? side() / 2 + 4 : size / 2 + 2;
        drawRings(canvas, map, places.filter((place) => lost[place]), radius, getComputedStyle(element).color);
      } : undefined,
    });
    tell();
    ring();
    keys.refresh();
    element.dataset.drawn = seen();
  }

  function ring() {
    if (!placed) return;
    const { image } = state.now;
    const pinned = image === null ? -1 : scene.place(image);
    const radius = element.dataset.points === "images" ? side() / 2 + 4 : Math.max(8, 0.08 * state.now.size);
    shown.lines.rings([placed], { pointed: tip.pointed, pinned, radius });
    shown.lines.crosses([placed], [example.at(state.now.layer)]);
  }

  function tell() {
    const { layers } = scene;
    if (!layers) return;
    element.dataset.selected = `${state.now.selection.length}`;
    const info = layers.layers[state.now.layer];
    const { parameters, kept_neighbours: kept, lacking } = scene.maps[state.now.layer];
    fill(caption, surface.hidden ? "" : lacking
      ? h("p", { class: "notice" }, `This map cannot be shown: ${lacking}`)
      : mapCaption(parameters ?? layers.parameters.embedding, kept));
    fill(
      says,
      `Map of ${counted(layers.ids.length, "image")} at epoch ${layers.epoch}. ${layerSentence(info)} `,
      `${counted(state.now.selection.length, "image")} selected.`,
    );
    words.show(() => inWords(info.name));
    surface.classList.toggle("pans", state.now.drag === "pan");
  }

  /** Every image that is not hidden: where it lies and whether it is selected. @param {string} layer */
  function inWords(layer) {
    const { x, y } = scene.maps[state.now.layer];
    const ids = Array.from(scene.layers?.ids ?? []);
    const tint = scene.tinted ? scene.focus.unit : null;
    const place = { why: "Places on a map have no unit; only who is near whom tells something", written: (/** @type {number} */ v) => decimal(v, 1) };
    return {
      says: `${layer}: ${counted(ids.length, "image")}, ${counted(state.now.selection.length, "image")} selected.`,
      columns: [{ says: "image" }, { says: "class" }, { says: "selected" }, { says: "x", ...place }, { says: "y", ...place },
        ...(tint ? [{ says: `unit ${tint.unit}`, why: tint.definitions.activity, written: decimal }] : [])],
      rows: ids.flatMap((id, i) => (scene.shown[i]
        ? [[id, scene.className(i), scene.selected[i] ? "yes" : "no", x[i], y[i], ...(tint ? [tint.responses[i]] : [])]]
        : [])),
    };
  }

  const redraw = perFrame(draw);
  scene.on(["maps", "paint"], redraw);
  scene.on(["selection"], () => {
    if (placed) shown.select(scene.selected, state.now.selection.length > 0);
    tell();
    ring();
  });
  state.on(["layer", "view", "tab", "points", "size", "lost"], redraw);
  runs.on(keepUp);
  state.on(["drag"], tell);
  state.on(["image"], ring);
  tip.on(ring);
  example.on(ring);
  atlas.on(() => {
    if (state.now.points !== "dots") redraw();
  });
  new ResizeObserver(([{ contentRect }]) => {
    size = { width: contentRect.width, height: contentRect.height };
    redraw();
  }).observe(surface);
  return element;
}
