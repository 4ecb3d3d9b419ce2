// The maps of two layers side by side, and all maps of the compared checkpoint, linked with the strip.

import { counted, percent, shortLayer } from "../text.js";
import { createMapsRow } from "../mapsrow.js";
import { fill, h } from "../dom.js";

/** @param {import("../types.js").Both} page */
export function twomaps(page) {
  const { state, scene, runs, beside } = page;
  const two = createMapsRow(page, { label: "Two layers", large: true });
  const all = createMapsRow(page, { label: "All layers of the compared checkpoint", large: false });
  const title = h("h3", {});
  const says = h("p", { class: "soft small", "aria-live": "polite" });
  const element = h("section", { "aria-label": "Maps of both", id: "two-maps", hidden: true },
    h("h3", {}, "Maps side by side"), two.element, says, title, all.element);

  function draw() {
    const { layers } = scene;
    const other = beside.layers;
    const there = state.now.tab === "compare" && layers !== null && other !== null && beside.maps.length > 0;
    element.hidden = !there;
    if (!there) return;
    const here = Math.max(1, state.now.layer);
    const name = (/** @type {string} */ run, /** @type {number} */ epoch) => `${runs.get(run)?.name ?? run}, epoch ${epoch}`;
    const known = (/** @type {import("../types.js").LayerInfo} */ { probe }) => (probe ? `probe ${percent(probe.accuracy)}` : "");
    const pick = (/** @type {number} */ id) => {
      if (id >= 0) state.set({ image: id, selection: [id] });
    };
    two.show([
      { key: `${layers.run}@${layers.epoch}/${here}`, title: `${layers.layers[here].name} · ${name(layers.run, layers.epoch)}`, says: known(layers.layers[here]), on: false, points: scene.maps[here], click: pick },
      { key: `${other.run}@${other.epoch}/${beside.layer}`, title: `${other.layers[beside.layer].name} · ${name(other.run, other.epoch)}`, says: known(other.layers[beside.layer]), on: false, points: beside.maps[beside.layer], click: pick },
    ]);
    fill(title, `All maps of ${name(other.run, other.epoch)}`);
    all.show(other.layers.map((info, i) => ({
      key: `${other.run}@${other.epoch}/${i}`, title: shortLayer(info.name), says: info.probe ? percent(info.probe.accuracy, 0) : "", on: i === beside.layer,
      points: beside.maps[i], click: () => i && state.set({ versus_layer: i }),
    })));
    tell();
  }

  function tell() {
    fill(says, `Each image is in both maps, in the same colour; ${counted(state.now.selection.length, "image")} selected in all of them. A lasso in either selects.`);
  }

  beside.on(draw);
  scene.on(["maps"], draw);
  scene.on(["selection"], tell);
  state.on(["tab", "layer", "versus_layer"], draw);
  draw();
  return element;
}
