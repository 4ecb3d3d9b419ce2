// The pinned image, and the images nearest to it in every layer.

import { bringIntoSight } from "../sight.js";
import { createAsking } from "../asking.js";
import { classMark } from "../palette.js";
import { createDefinitions } from "../marks/definitions.js";
import { fill, h } from "../dom.js";
import { percent, shortLayer } from "../text.js";
import { roving } from "../roving.js";
import { imageAddress } from "../api.js";
import { swatch } from "../marks/swatch.js";
import { cropper } from "../marks/cropper.js";
import { keptSentence } from "../lost.js";
import { pending } from "../pending.js";
import { pendingWord } from "../marks/pending.js";
import { thumb } from "../marks/thumb.js";
import { unitRow } from "../marks/unitrow.js";

const SHOWN = 7;
const CROPPED = 276; // longer side of the picture that a part is cut from, pixels

/** @param {import("../types.js").Page} page */
export function imagecard(page) {
  const { state, scene, runs, api, theme, atlas, example } = page;
  const top = h("div", { class: "contents" });
  const table = h("div", { class: "neighbours" });
  const liked = h("div", { class: "block" });
  const about = h("div", { class: "contents" });
  const definitions = createDefinitions();
  const element = h("section", { class: "card image-card", id: "image", "aria-label": "Pinned image", hidden: true }, top, table, about, liked);
  const asking = createAsking();
  /** @type {{image: number|null, key: string, rows: (import("../types.js").Neighbours|Error)[]}} what the rows are about, and what was answered to which question */
  let told = { image: null, key: "", rows: [] };
  let shown = ""; // what the rows say beside what was answered
  /** @type {{image: number, element: HTMLElement}|null} the image that a part is cut from */
  let cut = null;

  function draw() {
    const { image, layer } = state.now;
    if (cut?.image !== image) cut = null;
    const { layers } = scene;
    const place = image === null ? -1 : scene.place(image);
    element.hidden = image === null || !layers;
    if (image === null || !layers || place < 0) {
      forget(null, []);
      fill(about);
      return fill(top, image !== null && [head(image), h("p", { class: "notice" }, `Image ${image} is not among those that this run was analysed on.`)]);
    }
    fill(
      top,
      head(image),
      h(
        "div",
        { class: "portrait" },
        h("img", { src: imageAddress(layers, image, 192), alt: `Image ${image}: ${scene.className(place)}`, width: 96, height: 96 }),
        h("div", {},
          h("p", { class: "class-name" }, swatch(classMark(layers.labels[place], theme.tone)), scene.className(place)),
          h("p", { class: "soft small" }, "Nearest images by layer.")),
      ),
      cut ? cut.element : h("button", { class: "button", id: "crop", onclick: () => crop(image) }, "Search by a part of it"),
      around(place, layer),
    );
    fill(about, definitions([layers.definitions.neighbours]));
    load(image);
    mark();
  }

  function mark() {
    for (const line of /** @type {Iterable<HTMLElement>} */ (table.children)) line.classList.toggle("on", line.dataset.layer === `${state.now.layer}`);
  }

  /** @param {number} image */
  function head(image) {
    return h("div", { class: "card-head" },
      h("h2", {}, "Image"), h("span", { class: "soft" }, `#${image}`), h("span", { class: "gap" }),
      h("button", { class: "quiet", onclick: () => state.set({ image: null }) }, "Unpin"));
  }

  /** What the layer in view says of it: the probe's answer or another colouring, and the map. @param {number} place @param {number} layer */
  function around(place, layer) {
    const kept = keptSentence(scene.maps[layer]?.kept ?? null, place);
    const told = [scene.tint.colouring?.told(place), kept && `the map ${kept}`].filter(Boolean).join("; ");
    return told && h("p", { class: "small", id: "around" }, h("span", { class: "soft" }, `${shortLayer(scene.layerName(layer))}: `), told);
  }

  /** @param {number} image */
  function crop(image) {
    const { layers } = scene;
    if (!layers) return;
    const [height, width] = layers.image;
    const scale = CROPPED / Math.max(width, height);
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    const made = cropper(imageAddress(layers, image, 512), size, `Image ${image}`, {
      send: (part) => {
        close();
        void example.send(part, `Part of image #${image}`);
      },
      cancel: close,
    });
    cut = { image, element: made.element };
    draw();
    made.focus();
  }

  function close() {
    cut = null;
    draw();
    document.getElementById("crop")?.focus();
  }

  /** Another image, or none, in place of the one whose rows are shown. @param {number|null} image @param {HTMLElement[]} bones */
  function forget(image, bones) {
    if (told.image === image) return;
    asking.drop();
    told = { image, key: "", rows: [] };
    fill(table, bones);
    fill(liked);
  }

  /** @param {number} image */
  function load(image) {
    const { run, epoch, stamp, layers } = /** @type {import("../types.js").Seen} */ (scene.layers);
    table.classList.toggle("named", layers.some(({ name }) => shortLayer(name).length > 5));
    forget(image, layers.map(() => h("div", { class: "bone" })));
    const question = () => Promise.all(layers.map(({ layer }) =>
      api.neighbours(run, layer, image, epoch).catch((error) => /** @type {Error} */ (error))));
    const key = `${run} ${epoch} ${stamp} ${image}`;
    const asks = asking.ask(key, question, (rows) => {
      told = { image, key, rows: rows ?? [] };
      if (told.rows.some((reply) => reply instanceof Error)) asking.drop(); // the next look asks again
      show(image, true);
    });
    if (!asks && told.key === key) show(image);
  }

  /** What was answered; the rows that stand stay, with what is pointed at in them, unless they would say something else. @param {number} image @param {boolean} [anew] */
  function show(image, anew = false) {
    const { layers } = scene;
    if (!layers) return;
    const toCome = layers.layers.map((info) => pending(runs.get(layers.run), layers.epoch, info, "neighbours"));
    const says = JSON.stringify([toCome, atlas.ready]);
    if (says === shown && !anew) return;
    shown = says;
    fill(table, told.rows.map((reply, layer) => (reply instanceof Error
      ? h("p", { class: "notice" }, reply.message)
      : row(layer, image, reply.neighbours, toCome[layer]))));
    mark();
    excited(told.rows.map((reply) => (reply instanceof Error ? [] : reply.units)));
  }

  /** The units of each layer that answer to the image more than to most. @param {import("../types.js").RankedUnit[][]} units by layer */
  function excited(units) {
    const rows = units.flatMap((found, layer) => (found.length ? [{ layer, found }] : []));
    liked.dataset.excited = `${rows.length}`;
    if (!rows.length) return fill(liked);
    fill(
      liked,
      h("h3", {}, "Units it excites most"),
      rows.map(({ layer, found }) => unitRow(page, {
        layer, units: found, name: scene.layerName(layer), layers: scene.layers, none: "",
        says: "response above those to", figure: ({ share }) => percent(share, 0),
        onclick: (unit) => state.set({ layer, unit, colour: "unit" }),
      })),
      h("p", { class: "soft small" }, "By the share of the other images whose mean response, in 256 levels, is smaller; an equal one counts half. Of equal shares first the unit whose response lies more standard deviations above its mean."),
    );
  }

  /** @param {number} layer @param {number} image @param {{image: number, distance: number}[]} near
   * @param {import("../pending.js").Pending|null} toCome */
  function row(layer, image, near, toCome) {
    const layers = /** @type {import("../types.js").Layers} */ (scene.layers);
    const own = layers.labels[scene.place(image)];
    const alike = near.filter((n) => layers.labels[scene.place(n.image)] === own).length;
    return h(
      "div",
      { class: "neighbour-row", "data-layer": layer },
      h("span", { class: "soft name", title: scene.layerName(layer) }, shortLayer(scene.layerName(layer))),
      toCome ? pendingWord(toCome) : h("div", { class: "thumbs" }, near.slice(0, SHOWN).map((n) => thumb(page, n.image))),
      own < 0 || toCome ? null : h("span", { class: "alike", title: `${alike} of the ${near.length} nearest are ${scene.className(scene.place(image))}` }, `${alike}/${near.length}`),
    );
  }

  scene.on(["maps", "paint"], draw);
  state.on(["image", "layer"], draw);
  state.on(["image"], () => {
    if (state.now.image !== null) bringIntoSight(element);
  });
  theme.on(draw);
  atlas.on(draw);
  roving(table, ".thumb");
  return element;
}
