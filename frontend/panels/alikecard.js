// Which units answer to the same images as the one looked at: here, beside it, in the compared run.

import { createAsking } from "../asking.js";
import { decimal } from "../text.js";
import { fill, h } from "../dom.js";
import { unitRow } from "../marks/unitrow.js";

/** @typedef {import("../types.js").AlikeUnits} AlikeUnits */
/** @typedef {import("../types.js").AlikeLayer} AlikeLayer */
/** @typedef {import("../types.js").Layers} Layers */

const PAUSE = 120; // milliseconds that a unit must stay in view: who leafs through them asks once

/** @param {import("../types.js").Both} page */
export function alikecard(page) {
  const { state, scene, runs, api, beside } = page;
  const element = h("section", { class: "card", id: "alike", "aria-label": "Units that answer alike", hidden: true });
  const asking = createAsking();
  /** @type {{told: AlikeUnits, others: Layers|null}|null} `others` of the compared run */
  let reply = null;
  /** @type {Error|null} */
  let error = null;

  /** The compared checkpoint, as the server takes it. */
  function versus() {
    const other = beside.target();
    return other && `${other.run}@${other.epoch}`;
  }

  function look() {
    const { layers } = scene;
    const { layer, unit } = state.now;
    const other = versus();
    if (!layers || unit === null) {
      asking.drop();
      reply = null;
    } else {
      if (reply?.told.run !== layers.run) reply = null;
      const question = async () => {
        const told = await api.alike(layers.run, layer, unit, layers.epoch, other);
        const [there] = told.versus;
        return { told, others: there ? await api.layers(there.run, there.epoch) : null };
      };
      const heard = (/** @type {typeof reply} */ found, /** @type {Error|null} */ failed) => {
        [reply, error] = [found, failed];
        draw();
      };
      if (!asking.ask([layers.stamp, layer, unit, other].join(" "), question, heard, reply ? PAUSE : 0)) return;
    }
    error = null;
    draw();
  }

  function draw() {
    element.hidden = !scene.layers || state.now.unit === null;
    delete element.dataset.unit;
    if (element.hidden) return fill(element);
    if (error) return fill(element, h("h2", {}, "Units that answer alike"), h("p", { class: "notice bad" }, error.message));
    if (!reply || !scene.layers) return fill(element, h("h2", {}, "Units that answer alike"), h("div", { class: "bone tall" }));
    const { told } = reply;
    element.dataset.unit = `${told.layer}/${told.unit}`;
    fill(
      element,
      h("div", { class: "card-head" }, h("h2", {}, "Units that answer alike"), h("span", { class: "gap" }),
        !told.constant && h("button", {
          class: "quiet accent", title: "Sort all units of this layer by their r with this one",
          onclick: () => state.set({ tab: "units", sort: "alike", like: told.unit, only: null }),
        }, "Sort by this")),
      told.constant
        ? h("p", { class: "notice" }, "This unit answers to all test images the same, so no unit can be said to answer alike.")
        : told.layers.map((layer) => row(layer, scene.layers)),
      compared(reply),
      h("p", { class: "soft small" }, told.definition),
    );
  }

  /** @param {NonNullable<typeof reply>} reply */
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

  scene.on(["maps", "unit"], look);
  state.on(["unit", "layer", "versus", "versus_epoch"], look);
  return element;
}
