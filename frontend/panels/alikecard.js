// Which units answer to the same images as the one looked at: here, beside it, in the compared run.

import { askedCard } from "../marks/askedcard.js";
import { decimal } from "../text.js";
import { h } from "../dom.js";
import { unitRow } from "../marks/unitrow.js";

/** @typedef {import("../types.js").AlikeUnits} AlikeUnits */
/** @typedef {import("../types.js").AlikeLayer} AlikeLayer */
/** @typedef {import("../types.js").Layers} Layers */
/** @typedef {{told: AlikeUnits, others: Layers|null}} Alike `others` of the compared run */

/** @param {import("../types.js").Both} page */
export function alikecard(page) {
  const { state, scene, runs, api, beside } = page;
  const title = "Units that answer alike";

  /** The compared checkpoint, as the server takes it. */
  function versus() {
    const other = beside.target();
    return other && `${other.run}@${other.epoch}`;
  }

  /** @param {Layers} layers @param {number} layer @param {number} unit @param {string} other @returns {Promise<Alike>} */
  async function ask(layers, layer, unit, other) {
    const told = await api.alike(layers.run, layer, unit, layers.epoch, other);
    const [there] = told.versus;
    return { told, others: there ? await api.layers(there.run, there.epoch) : null };
  }

  /** @param {Alike} reply */
  function show(reply) {
    const { told } = reply;
    return [
      h("div", { class: "card-head" }, h("h2", {}, title), h("span", { class: "gap" }),
        !told.constant && h("button", {
          class: "quiet accent", title: "Sort all units of this layer by their r with this one",
          onclick: () => state.set({ tab: "units", sort: "alike", like: told.unit, only: null }),
        }, "Sort by this")),
      told.constant
        ? h("p", { class: "notice" }, "This unit answers to all images the same, so no unit can be said to answer alike.")
        : told.layers.map((layer) => row(layer, scene.layers)),
      compared(reply),
      h("p", { class: "soft small" }, told.definition),
    ];
  }

  /** @param {Alike} reply */
  function compared({ told, others }) {
    if (told.reason) return h("p", { class: "notice" }, told.reason);
    if (!told.versus.length || told.constant) return null;
    const run = runs.get(told.versus[0].run);
    return [
      h("h3", {}, `In ${run?.name ?? told.versus[0].run} `, h("span", { class: "soft" }, `epoch ${told.versus[0].epoch}`)),
      ...told.versus.map((layer) => row(layer, others)),
    ];
  }

  /** @param {AlikeLayer} found @param {Layers|null} layers those of its run */
  const row = (found, layers) => unitRow(page, {
    ...found, layers, says: "r", figure: ({ r }) => decimal(r), onclick: (unit) => go(found, unit),
    none: "all of its other units answer to every image the same",
  });

  /** To a unit of this checkpoint, or of the compared one, which then is in view. @param {AlikeLayer} found @param {number} unit */
  function go(found, unit) {
    const { layers } = scene;
    const there = { layer: found.layer, unit, colour: /** @type {const} */ ("unit") };
    if (!layers || (found.run === layers.run && found.epoch === layers.epoch)) return state.set(there);
    const { selection, image } = state.now;
    state.set({ ...there, run: found.run, epoch: found.epoch, selection, image, versus: layers.run, versus_epoch: layers.epoch });
  }

  const { element, look } = askedCard(page, { id: "alike", title, ask, show, versus });
  state.on(["versus", "versus_epoch"], look);
  return element;
}
