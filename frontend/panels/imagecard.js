// The pinned image, and the images nearest to it in every layer.

import { createAsking } from "../asking.js";
import { classMark } from "../palette.js";
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
  const element = h("section", { class: "card image-card", id: "image", "aria-label": "Pinned image", hidden: true });
  const table = h("div", { class: "neighbours" });
  const liked = h("div", { class: "block" });
  const asking = createAsking();
  /** @type {number|null} the image whose neighbours are shown */
  let told = null;
  /** @type {{image: number, element: HTMLElement}|null} the image that a part is cut from */
  let cut = null;

  function draw() {
    const { image, layer } = state.now;
    if (cut?.image !== image) cut = null;
    const { layers } = scene;
    const place = image === null ? -1 : scene.place(image);
    element.hidden = image === null || !layers;
    if (image === null || !layers) return fill(element);
    if (place < 0) {
      return fill(element, head(image), h("p", { class: "notice" }, `Image ${image} is not among the test images of this run.`));
    }
    fill(
      element,
      head(image),
      h(
        "div",
        { class: "portrait" },
        h("img", { src: imageAddress(layers, image, 192), alt: `Image ${image}: ${scene.className(place)}`, width: 96, height: 96 }),
        h("div", {},
          h("p", { class: "class-name" }, swatch(classMark(layers.labels[place], theme.tone)), scene.className(place)),
          h("p", { class: "soft small" }, `Nearest test images by layer. ${layers.definitions.neighbours ?? ""}`)),
      ),
      cut ? cut.element : h("button", { class: "button", id: "crop", onclick: () => crop(image) }, "Search by a part of it"),
      around(place, layer),
      table,
      liked,
    );
    load(image);
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

  /** @param {number} image */
  function load(image) {
    const layers = /** @type {import("../types.js").Seen} */ (scene.layers);
    const { run, epoch, stamp } = layers;
    table.classList.toggle("named", layers.layers.some(({ name }) => shortLayer(name).length > 5));
    if (image !== told) {
      told = image;
      fill(table, layers.layers.map(() => h("div", { class: "bone" })));
      fill(liked);
    }
    const question = () => Promise.all(layers.layers.map(({ layer }) =>
      api.neighbours(run, layer, image, epoch).catch((error) => /** @type {Error} */ (error))));
    asking.drop();
    asking.ask(`${stamp} ${image}`, question, (rows) => {
      if (!rows || !scene.layers) return;
      fill(table, rows.map((reply, layer) => (reply instanceof Error
        ? h("p", { class: "notice" }, reply.message)
        : row(layer, image, reply.neighbours, pending(runs.get(run), epoch, layers.layers[layer], "neighbours")))));
      excited(rows.map((reply) => (reply instanceof Error ? [] : reply.units)));
    });
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
      h("p", { class: "soft small" }, "By the share of the other test images whose mean response, in 256 levels, is smaller; an equal one counts half. Of equal shares first the unit whose response lies more standard deviations above its mean."),
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
      { class: `neighbour-row ${layer === state.now.layer ? "on" : ""}`, "data-layer": layer },
      h("span", { class: "soft name", title: scene.layerName(layer) }, shortLayer(scene.layerName(layer))),
      toCome ? pendingWord(toCome) : h("div", { class: "thumbs" }, near.slice(0, SHOWN).map((n) => thumb(page, n.image))),
      own < 0 || toCome ? null : h("span", { class: "alike", title: `${alike} of the ${near.length} nearest are ${scene.className(scene.place(image))}` }, `${alike}/${near.length}`),
    );
  }

  scene.on(["maps", "paint"], draw);
  state.on(["image", "layer"], draw);
  theme.on(draw);
  atlas.on(draw);
  roving(table, ".thumb");
  return element;
}
