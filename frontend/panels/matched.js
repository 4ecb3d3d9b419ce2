// Units of the two layers that answer to the same images, in pairs.

import { count, counted, decimal } from "../text.js";
import { box } from "../patch.js";
import { createComparing } from "../comparing.js";
import { fill, h } from "../dom.js";
import { imageAddress } from "../api.js";
import { segments } from "../marks/segments.js";

/** @typedef {import("../types.js").Layers} Layers */
/** @typedef {import("../types.js").Matches} Matches */
/** @typedef {import("../types.js").Units} Units */
/** @typedef {{told: Matches, units: [Units, Units], layers: [Layers, Layers]}} Found */

const MOST = 120; // pairs that are shown

/** @param {import("../types.js").Both} page */
export function matched({ state, scene, runs, api, tip, beside }) {
  const head = h("div", { class: "compare-head" });
  const says = h("p", { class: "small" });
  const pairs = h("div", { class: "pairs", role: "list", "aria-label": "Pairs of units" });
  const words = h("p", { class: "soft small" });
  const notice = h("p", { class: "notice" });
  const body = h("div", { class: "bench" }, says, pairs, words);
  const element = h("section", { "aria-label": "Matched units", id: "matched", hidden: true }, head, notice, body);
  /** @type {Found|null} */
  let found = null;
  /** @type {Found|null} what the pairs are of */
  let drawn = null;
  const comparing = createComparing(load);

  function load() {
    const [here, there] = [scene.layers, beside.layers];
    if (state.now.tab !== "compare") return;
    element.hidden = !here || !there;
    if (!here || !there) return;
    const one = { run: here.run, epoch: here.epoch, layer: Math.max(1, state.now.layer) };
    const other = { run: there.run, epoch: there.epoch, layer: beside.layer };
    const wanted = JSON.stringify([one, other, here.stamp, there.stamp]);
    const question = () => Promise.all([
      api.matches(one, other),
      api.units(one.run, one.layer, one.epoch),
      api.units(other.run, other.layer, other.epoch),
    ]);
    const asked = comparing.ask(wanted, question, (reply, error) => {
      found = reply && { told: reply[0], units: [reply[1], reply[2]], layers: [here, there] };
      fill(notice, error?.message ?? found?.told.reason ?? "");
      element.classList.remove("stale");
      draw();
    });
    if (asked) element.classList.add("stale");
    else if (found !== drawn) draw();
  }

  function draw() {
    fill(head, h("h3", {}, "Matched units"), segments("Pairing", [["single", "one to one"], ["best", "best match"]], state.now.pairing,
      (word) => state.set({ pairing: /** @type {"single"|"best"} */ (word) })));
    body.hidden = !found || found.told.reason !== null;
    if (!found || body.hidden || state.now.tab !== "compare") return;
    drawn = found;
    const { told, layers } = found;
    const { unit, other, r, mean } = state.now.pairing === "best" ? told.best : told.one_to_one;
    const names = [layers[0].layers[told.layer].name, layers[1].layers[told.versus_layer].name];
    const silent = told.constant.map((n, i) => (n ? `${counted(n, "unit")} of ${names[i]}` : "")).filter(Boolean).join(" and ");
    fill(says,
      `${counted(r.length, "pair")} of ${names[0]} and ${names[1]}, `, h("b", {}, `mean r ${decimal(mean)}`),
      state.now.pairing === "single" && told.baselines.map((base) => `; ${base.says} ${decimal(base.mean)}`),
      `. ${silent ? `${silent} answer alike to all images and have no partner. ` : ""}`,
      r.length > MOST && `The ${count(MOST)} most alike are shown.`);
    fill(pairs, Array.from(r.subarray(0, MOST), (value, i) => h(
      "div",
      { class: "pair-tile", role: "listitem" },
      tile(0, unit[i]),
      tile(1, other[i]),
      h("span", { class: "soft" }, decimal(value)),
    )));
    fill(words, told.definition);
  }

  /** The strongest patch of a unit; a click opens the unit. @param {0|1} side @param {number} unit */
  function tile(side, unit) {
    const { told, units, layers } = /** @type {Found} */ (found);
    const { image, row, column } = units[side].top;
    const layer = side ? told.versus_layer : told.layer;
    const info = layers[side].layers[layer];
    const run = runs.get(layers[side].run)?.name ?? layers[side].run;
    const text = `Unit ${unit} of ${info.name} of ${run}, epoch ${layers[side].epoch}`;
    return h(
      "button",
      { class: "pair-unit", title: text, "aria-label": text, "data-side": side, "data-unit": unit,
        onclick: () => open(side, unit),
        onpointerenter: () => tip.ring(scene.place(image[unit])),
        onpointerleave: () => tip.ring(-1) },
      h("img", { class: "pixels", alt: "", loading: "lazy", src: imageAddress(layers[side], image[unit], 64, box(layers[side], info.spans, row[unit], column[unit])) }),
      h("b", {}, unit),
    );
  }

  /** To a unit of this checkpoint, or of the other one, which then is in view. @param {0|1} side @param {number} unit */
  function open(side, unit) {
    if (!found) return;
    const { told } = found;
    const { selection, image } = state.now;
    tip.ring(-1);
    if (!side) return state.set({ layer: told.layer, versus_layer: told.versus_layer, unit, colour: "unit" });
    state.set({
      run: told.versus, epoch: told.versus_epoch, layer: told.versus_layer, unit, colour: "unit", selection, image,
      versus: told.run, versus_epoch: told.epoch, versus_layer: told.layer,
    });
  }

  beside.on(load);
  scene.on(["maps"], load);
  state.on(["tab", "layer", "versus_layer"], load);
  state.on(["pairing"], draw);
  return element;
}
