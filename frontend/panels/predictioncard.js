// What the layer predicts of the unit looked at, against what the unit then answers.

import { createAsking } from "../asking.js";
import { decimal } from "../text.js";
import { fill, h } from "../dom.js";
import { headings } from "../marks/headings.js";
import { predictionSentence, stepAt } from "../prediction.js";
import { scatter } from "../marks/scatter.js";
import { segments } from "../marks/segments.js";

/** @typedef {import("../types.js").Prediction} Prediction */

const PAUSE = 120; // milliseconds that a unit must stay in view: who leafs through them asks once
const TITLE = "Predicted and actual";

/** @param {import("../types.js").Page} page */
export function predictioncard({ state, scene, api, tip }) {
  const element = h("section", { class: "card", id: "prediction", "aria-label": TITLE, hidden: true });
  const asking = createAsking();
  /** @type {Prediction|null} */
  let reply = null;
  /** @type {Error|null} */
  let error = null;

  function look() {
    const { layers } = scene;
    const { layer, unit } = state.now;
    if (!layers || unit === null) {
      asking.drop();
      reply = null;
    } else {
      const question = () => api.prediction(layers.run, layer, unit, layers.epoch);
      const heard = (/** @type {Prediction|null} */ found, /** @type {Error|null} */ failed) => {
        [reply, error] = [found, failed];
        draw();
      };
      if (!asking.ask([layers.stamp, layer, unit].join(" "), question, heard, reply ? PAUSE : 0)) return;
    }
    error = null;
    draw();
  }

  function draw() {
    element.hidden = !scene.layers || state.now.unit === null;
    delete element.dataset.unit;
    if (element.hidden) return fill(element);
    if (error) return fill(element, h("h2", {}, TITLE), h("p", { class: "notice bad" }, error.message));
    if (!reply) return fill(element, h("h2", {}, TITLE), h("div", { class: "bone tall" }));
    element.dataset.unit = `${reply.layer}/${reply.unit}`;
    fill(element, h("h2", {}, TITLE), reply.steps.length ? drawn(reply) : h("p", { class: "notice" }, reply.reason ?? ""));
  }

  /** @param {Prediction} told */
  function drawn(told) {
    const step = stepAt(told.steps, state.now.k);
    const says = predictionSentence(step, told.unit);
    const r = (/** @type {number|null} */ value) => (value === null ? "none" : decimal(value));
    return [
      h("div", { class: "between" },
        h("span", { class: "soft" }, "k"),
        segments("Prediction distance", told.steps.map(({ k }) => [`${k}`, `${k}`]), `${step.k}`, (k) => state.set({ k: Number(k) }))),
      h("div", { class: "chart-key small" },
        h("span", { class: "key point" }, "true futures, r ", h("b", { "data-figure": "true_r" }, r(step.true_r))),
        h("span", { class: "key point ring" }, "wrong ones, r ", h("b", { "data-figure": "wrong_r" }, r(step.wrong_r)))),
      scatter(step, says,
        (image, on) => tip.ring(on ? scene.place(image) : -1),
        (image) => state.set({ image })),
      h("details", { class: "definitions" },
        h("summary", {}, "r at every k"),
        h("table", { "aria-label": "r of prediction and response" },
          headings(["k", "true futures", "wrong futures"]),
          h("tbody", {}, told.steps.map((one) => h("tr", { class: one.k === step.k ? "on" : "" },
            h("th", { scope: "row" }, one.k), h("td", {}, r(one.true_r)), h("td", {}, r(one.wrong_r))))))),
      h("p", { class: "soft small" }, told.definition),
    ];
  }

  scene.on(["maps", "unit"], look);
  state.on(["unit", "layer"], look);
  state.on(["k"], draw);
  return element;
}
