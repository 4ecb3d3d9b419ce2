// What the layer predicts of the unit looked at, against what the unit then answers.

import { askedCard } from "../marks/askedcard.js";
import { decimal } from "../text.js";
import { h } from "../dom.js";
import { headings } from "../marks/headings.js";
import { predictionSentence, stepAt } from "../prediction.js";
import { scatter } from "../marks/scatter.js";
import { segments } from "../marks/segments.js";

/** @typedef {import("../types.js").Prediction} Prediction */

/** @param {import("../types.js").Page} page */
export function predictioncard({ state, scene, api, tip }) {
  const title = "Predicted and actual";
  const { element, draw } = askedCard({ state, scene }, {
    id: "prediction",
    title,
    ask: (layers, layer, unit) => api.prediction(layers.run, layer, unit, layers.epoch),
    show: (told) => [h("h2", {}, title), told.steps.length ? drawn(told) : h("p", { class: "notice" }, told.reason ?? "")],
  });

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

  state.on(["k"], draw);
  return element;
}
