// What the layer in view is like, and the images that are selected.

import { createDefinitions } from "../marks/definitions.js";
import { count, counted, decimal, lossName, percent } from "../text.js";
import { fill, h } from "../dom.js";
import { pending } from "../pending.js";
import { roving } from "../roving.js";
import { ordered } from "../units.js";
import { usualMost } from "../figures.js";
import { thumb } from "../marks/thumb.js";
import { unitFace, unitSentence } from "../marks/unitface.js";

const MOST = 60;

/** @param {import("../types.js").Page} page */
export function layercard(page) {
  const { state, scene, runs, atlas, theme } = page;
  const layer = h("section", { class: "card", "aria-label": "Layer" });
  const chosen = h("section", { class: "card", id: "chosen", "aria-label": "Selected images", hidden: true });
  const element = h("div", { class: "layer-card" }, chosen, layer);
  const definitions = createDefinitions();

  function drawLayer() {
    const { layers } = scene;
    layer.hidden = !layers || state.now.unit !== null;
    if (!layers || layer.hidden) return fill(layer);
    const info = layers.layers[state.now.layer];
    const loss = lossName(runs.get(layers.run)?.config.rule);
    /** @param {string} name @param {import("../dom.js").Child|import("../dom.js").Child[]} value @param {string} [why] */
    const fact = (name, value, why) => [h("dt", { title: why }, name), h("dd", {}, value)];
    fill(
      layer,
      h("div", { class: "card-head" }, h("h2", {}, h("span", { class: "as-is" }, info.name)), h("span", { class: "soft" }, `epoch ${layers.epoch}`)),
      h(
        "dl",
        { class: "facts" },
        fact("probe accuracy", info.probe ? percent(info.probe.accuracy) : pending(runs.get(layers.run), layers.epoch, info, "probes")?.word ?? layers.no_probe ?? "unreadable"),
        info.probe ? fact("95 % interval", h("span", { class: "score" }, `${percent(info.probe.low)} to ${percent(info.probe.high)}`)) : null,
        info.probe?.random && info.layer ? fact("random encoder", percent(info.probe.random.accuracy)) : null,
        info.layer ? fact("units", count(info.units)) : fact("pixel values", count(info.features)),
        info.layer ? fact("silent units", info.silent === null ? "–" : count(info.silent)) : null,
        info.layer && info.loss !== null ? fact(`training loss ${loss.match(/\(.+\)/)?.[0] ?? ""}`.trim(), decimal(info.loss, 3), `${loss}: mean over the training views of the epoch before this checkpoint; the Learning tab has it with the weights kept, on fresh views`) : null,
        fact("neighbours kept", percent(info.kept_neighbours, 0), "Share of the 10 nearest neighbours that the map keeps"),
        fact(`${layers.split} images`, count(layers.ids.length)),
      ),
      layers.about && h("p", { class: "small", id: "about-data" }, h("span", { class: "soft as-is" }, `${layers.dataset}: `), layers.about),
      h("p", { class: "soft hint" }, "Click a point to pin its image and see its neighbours in every layer."),
      strongest(),
      definitions(["probes", "embedding", "activity"].map((name) => layers.definitions[name])),
    );
  }

  /** The units that tell a class apart best, as a way into the grid of all. */
  function strongest() {
    const { layers } = scene;
    const { units } = scene.focus;
    if (!units?.best_dprime || !layers || units.epoch !== layers.epoch) return null;
    const order = ordered(units, "dprime", null).slice(0, 8);
    const most = usualMost(units);
    return h("div", { class: "block" },
      h("div", { class: "between" }, h("h3", {}, "Units with the largest d′"),
        h("button", { class: "quiet accent", onclick: () => state.set({ tab: "units", sort: "dprime", only: null }) }, "All units")),
      h("div", { class: "tiles few" }, order.map((unit) => h(
        "button",
        { class: "tile", "data-unit": unit, "aria-label": unitSentence(units, unit), title: unitSentence(units, unit),
          onclick: () => state.set({ unit, colour: "unit" }) },
        unitFace(layers, units, unit, decimal(units.best_dprime?.[unit]), most, theme.tone),
      ))));
  }

  function drawChosen() {
    const { image } = state.now;
    const { layers } = scene;
    const selection = state.now.selection.filter((id) => scene.place(id) >= 0);
    chosen.hidden = !layers || !selection.length || (selection.length === 1 && selection[0] === image);
    if (!layers || chosen.hidden) return fill(chosen);
    const more = selection.length - MOST;
    fill(
      chosen,
      h("div", { class: "card-head" }, h("h2", {}, "Selected"), h("span", { class: "soft" }, counted(selection.length, "image"))),
      h("div", { class: "thumbs" }, spread(selection).map((id) => thumb(page, id))),
      more > 0 ? h("p", { class: "soft small" }, `${MOST} of them, evenly drawn.`) : null,
    );
  }

  /** At most MOST ids, evenly drawn. @param {number[]} ids */
  const spread = (ids) =>
    ids.length <= MOST ? ids : Array.from({ length: MOST }, (_, i) => ids[Math.floor((i * ids.length) / MOST)]);

  scene.on(["maps"], () => {
    drawLayer();
    drawChosen();
  });
  scene.on(["units"], drawLayer);
  scene.on(["selection"], drawChosen);
  theme.on(drawLayer);
  state.on(["layer", "unit"], drawLayer);
  state.on(["image"], drawChosen);
  atlas.on(drawChosen);
  roving(chosen, ".thumb");
  roving(layer, ".tile");
  return element;
}
