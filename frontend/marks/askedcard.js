// A card about the unit looked at, which is asked for once that stays in view.

import { createAsking } from "../asking.js";
import { fill, h } from "../dom.js";

/** @typedef {import("../types.js").Seen} Seen */

const PAUSE = 120; // milliseconds that a unit must stay: who leafs through them asks once

/**
 * Until there is an answer the one before stands, of the same run.
 * @template T
 * @param {Pick<import("../types.js").Page, "state"|"scene">} page
 * @param {{id: string, title: string, ask: (layers: Seen, layer: number, unit: number, versus: string) => Promise<T>,
 *   show: (told: T) => (import("../dom.js").Child|import("../dom.js").Child[])[], versus?: () => string|null}} what
 *   `versus`: the checkpoint that the unit is compared with, as the server takes it
 */
export function askedCard({ state, scene }, { id, title, ask, show, versus = () => null }) {
  const element = h("section", { class: "card", id, "aria-label": title, hidden: true });
  const asking = createAsking();
  /** @type {{run: string, unit: string, told: T}|null} */
  let reply = null;
  /** @type {Error|null} */
  let error = null;

  function look() {
    const { layers } = scene;
    const { layer, unit } = state.now;
    if (reply?.run !== layers?.run || unit === null) reply = null;
    if (!layers || unit === null) asking.drop();
    else {
      const other = versus() ?? "";
      const question = () => ask(layers, layer, unit, other);
      const asked = asking.ask([layers.stamp, layer, unit, other].join(" "), question, (told, failed) => {
        reply = told && { run: layers.run, unit: `${layer}/${unit}`, told };
        error = failed;
        draw();
      }, reply ? PAUSE : 0);
      if (!asked) return;
    }
    error = null;
    draw();
  }

  function draw() {
    element.hidden = !scene.layers || state.now.unit === null;
    delete element.dataset.unit;
    if (element.hidden) return fill(element);
    if (error) return fill(element, h("h2", {}, title), h("p", { class: "notice bad" }, error.message));
    if (!reply) return fill(element, h("h2", {}, title), h("div", { class: "bone tall" }));
    element.dataset.unit = reply.unit;
    fill(element, ...show(reply.told));
  }

  scene.on(["maps", "unit"], look);
  state.on(["unit", "layer"], look);
  return { element, look, draw };
}
