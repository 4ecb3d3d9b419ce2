// The linked maps, one a layer: what each layer knows, and the way to it.

import { accuracyBar } from "../marks/accuracybar.js";
import { asText } from "../marks/astext.js";
import { brush } from "../brush.js";
import { count, decimal, layerSentence, layersInWords, lossName, percent, shortLayer } from "../text.js";
import { createMapView } from "../mapview.js";
import { pending } from "../pending.js";
import { pendingTile, pendingWord } from "../marks/pending.js";
import { boxOn, fill, h, perFrame } from "../dom.js";
import { home, ranges } from "../plane.js";
import { linked } from "../linked.js";
import { roving } from "../roving.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const USUAL = 7; // maps that fit beside each other, and while it is not known how many there are

/**
 * @param {import("../types.js").Page} page
 * @param {() => void} done called each time the maps of a checkpoint are drawn
 */
export function strip({ state, scene, runs, tip, example }, done) {
  const view = createMapView();
  /** @type {ReturnType<typeof cell>[]} */
  let cells = [];
  const track = h("div", { class: "strip-track" });
  const words = asText("Layers");
  const element = h("section", { class: "strip", "aria-label": "Maps of all layers" }, track, words.element);
  let size = { width: 0, height: 0 };
  /** @type {import("../types.js").Box[]} */
  let boxes = [];
  let awaited = "";

  /** Where the maps lie on the track: read once a layout, since reading it costs one. */
  function measure() {
    size = { width: track.clientWidth, height: track.clientHeight };
    boxes = cells.map(({ surface }) => boxOn(track, surface));
  }

  /** As many cells as the run in view has maps. */
  function lay() {
    const wanted = scene.layers?.layers.length ?? runs.get(state.now.run)?.layers ?? USUAL;
    if (wanted === cells.length) return;
    cells = Array.from({ length: wanted }, (_, layer) => cell(layer));
    track.style.setProperty("--maps", `${wanted}`);
    track.classList.toggle("many", wanted > USUAL);
    fill(track, cells.map((c) => c.element), view.elements);
    mark();
    measure();
  }

  /** @param {number} layer */
  function cell(layer) {
    const title = h("button", { class: "cell-title", onclick: () => state.set({ layer }) });
    const surface = h("div", { class: "cell-map", "data-layer": layer });
    const facts = h("div", { class: "cell-facts" });
    const box = h("article", { class: "cell", "data-map": layer }, title, surface, facts);
    brush(surface, {
      ...linked({ state, scene }, view, layer),
      hover: (place, event) => tip.show(place, event, layer),
      click: () => state.set({ layer, tab: "map" }),
      drags: () => (state.now.drag === "rectangle" ? "rectangle" : "lasso"),
    });
    return { element: box, title, surface, facts };
  }

  function facts() {
    lay();
    words.element.hidden = !scene.layers;
    const { layers } = scene;
    if (layers) words.show(() => layersInWords(layers));
    cells.forEach((c, layer) => {
      const info = scene.layers?.layers[layer];
      if (!info) {
        fill(c.title, h("b", {}, scene.layerName(layer)));
        return fill(c.facts, row("probe", "–"), h("div", { class: "accuracy" }), ["kept", "loss", "silent"].map((name) => row(name, "–", "", "small")));
      }
      facing(c.surface, info);
      const short = shortLayer(info.name);
      fill(c.title, h("b", { title: info.name, "data-short": short.length < 5 && short }, h("bdi", {}, info.name)), h("span", { class: "soft" }, layer ? count(info.units) : "pixels"));
      c.title.setAttribute("aria-label", layerSentence(info));
      const chance = scene.layers?.chance ?? 0;
      const ticks = [{ says: "chance", value: chance, kind: "chance" }];
      if (info.probe?.random && layer) {
        ticks.push({ says: "random encoder", value: info.probe.random.accuracy, kind: "random" });
      }
      fill(
        c.facts,
        info.probe
          ? [row("probe", h("b", {}, percent(info.probe.accuracy))), accuracyBar(info.probe, ticks)]
          : [row("probe", noProbe(info)), toCome(info, "probes") && h("div", { class: "accuracy" })],
        row("kept", percent(info.kept_neighbours, 0), "Share of the 10 nearest neighbours that the map keeps", "small"),
        row("loss", decimal(info.loss, 3), `${lossName(runs.get(scene.layers?.run ?? null)?.config.rule)}, mean over the epoch before this checkpoint`, "small"),
        row("silent", layer && info.silent !== null ? count(info.silent) : "–", "Units that answer to no patch at all", "small"),
      );
    });
  }

  /** What is still to come of a layer, by analysis. @param {import("../types.js").LayerInfo} info @param {import("../types.js").Missing} what */
  const toCome = (info, what) => pending(runs.get(scene.layers?.run ?? null), scene.layers?.epoch ?? 0, info, what);

  /** What lies over a map's place where there is no map. @param {HTMLElement} surface @param {import("../types.js").LayerInfo} info */
  function facing(surface, info) {
    const [told, { lacking }] = [toCome(info, "embedding"), scene.maps[info.layer] ?? {}];
    fill(surface, told ? pendingTile(told) : lacking && h("p", { class: "soft small lacking", title: lacking }, "no map"));
  }

  /** @param {import("../types.js").LayerInfo} info */
  function noProbe(info) {
    const told = toCome(info, "probes");
    return told ? pendingWord(told) : h("span", { class: "soft" }, scene.layers?.chance === null ? "no labels" : "–");
  }

  /** What was still to come may be being made now, or never be. */
  function progressed() {
    const { layers } = scene;
    const wanted = layers?.layers.flatMap((info) => [toCome(info, "embedding")?.state, toCome(info, "probes")?.state]).join() ?? "";
    if (wanted === awaited) return;
    awaited = wanted;
    facts();
  }

  /** @param {string} name @param {import("../dom.js").Child} value @param {string} [title] @param {string} [look] */
  function row(name, value, title, look = "") {
    return h("div", { class: `pair ${look}`, title }, h("span", { class: "soft" }, name), h("span", {}, value));
  }

  const seen = () => (scene.layers ? `${scene.layers.run}@${scene.layers.epoch}` : "");

  function draw() {
    if (!scene.layers || !size.width || !size.height || cells.length !== scene.maps.length) return;
    const maps = scene.maps.map((points, i) => ({
      points, box: boxes[i], ranges: ranges(home(points, boxes[i]), boxes[i]),
    }));
    view.show({
      ...size,
      maps,
      groups: scene.groups,
      selected: scene.selected,
      chosen: state.now.selection.length > 0,
      size: scene.maps[0].x.length > 3000 ? 2.2 : 3.2,
      shapes: false,
    });
    tell();
    if (!element.dataset.drawn) mark();
    if (element.dataset.drawn === seen()) return;
    element.dataset.drawn = seen();
    done();
  }

  function select() {
    view.select(scene.selected, state.now.selection.length > 0);
    tell();
  }

  function tell() {
    for (const c of cells) c.element.dataset.selected = `${state.now.selection.length}`;
    ring();
  }

  function ring() {
    const { image } = state.now;
    const pinned = image === null ? -1 : scene.place(image);
    view.lines.rings(view.maps, { pointed: tip.pointed, pinned, radius: 5 });
    view.lines.crosses(view.maps, view.maps.map((_, layer) => example.at(layer)));
  }

  function mark() {
    cells.forEach((c, layer) => {
      const on = layer === state.now.layer;
      c.element.classList.toggle("on", on);
      c.title.setAttribute("aria-current", on ? "true" : "false");
      if (on && element.scrollWidth > element.clientWidth) {
        const middle = c.element.offsetLeft - (element.clientWidth - c.element.offsetWidth) / 2;
        element.scrollTo({ left: middle, behavior: still.matches ? "auto" : "smooth" });
      }
    });
  }

  const redraw = perFrame(draw);
  scene.on(["maps"], () => {
    element.classList.toggle("empty", !scene.layers);
    if (!scene.layers) view.show(null);
    facts();
    redraw();
  });
  scene.on(["paint"], redraw);
  scene.on(["selection"], select);
  runs.on(progressed);
  state.on(["layer"], mark);
  state.on(["image"], ring);
  tip.on(ring);
  example.on(ring);
  new ResizeObserver(() => {
    measure();
    redraw();
  }).observe(track);
  facts();
  roving(track, ".cell-title");
  return element;
}
