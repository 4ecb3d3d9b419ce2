// How each layer learns: scores of true and wrong futures, the loss they make, the open gates, and
// whether the local update goes where autograd and the end-to-end gradient go.

import { atStep, axisOf, finite, openGates, overEpochs, scientific, scoreSentence, signed, stepsOf } from "../scores.js";
import { createAsking } from "../asking.js";
import { asText } from "../marks/astext.js";
import { counted, decimal, lossName, percent, shortLayer } from "../text.js";
import { epochLines } from "../charts.js";
import { fill, h, perFrame } from "../dom.js";
import { headings } from "../marks/headings.js";
import { live } from "../runs.js";
import { lossLines } from "../marks/losslines.js";
import { ramp } from "../palette.js";
import { scorePlot } from "../marks/scoreplot.js";
import { segments } from "../marks/segments.js";

/** @typedef {import("../types.js").Learning} Reply */

const LINES = /** @type {const} */ ([
  { word: "loss", says: "Loss on fresh views", ticks: ".2f", format: ".3f" },
  { word: "gates", says: "Open gates, true and wrong alike", ticks: ".0%", format: ".1%" },
  { word: "cosine", says: "Cosine with the end-to-end gradient", ticks: ".1f", format: ".2f" },
]);

/** @type {Record<string, (step: import("../types.js").Step) => number|null>} */
const FIGURES = { loss: (step) => step.loss, gates: openGates, cosine: (step) => step.cosine };

/** @param {import("../types.js").Page} page */
export function learning({ state, scene, runs, api, theme }) {
  const steps = h("div", { class: "toolbar" });
  const cards = h("div", { class: "score-cards" });
  const table = h("div", { class: "probe-table" });
  const factors = h("div", { class: "probe-table" });
  const lines = LINES.map((line) => {
    const chart = h("div", { class: "chart", role: "img", "aria-label": line.says, "data-line": line.word });
    return { ...line, chart, box: h("section", {}, h("h3", {}, line.says), chart) };
  });
  const [aboutScores, aboutLines, aboutFactors] = Array.from({ length: 3 }, () => h("p", { class: "soft small" }));
  const notice = h("p", { class: "notice" });
  const [scores, history] = [asText("Scores of true and wrong futures"), asText("Learning by epoch")];
  const body = h(
    "div",
    { class: "learning-parts" },
    steps,
    h("section", {}, cards, scores.element, aboutScores),
    h("section", {}, h("h2", {}, "Over epochs"), h("div", { class: "epoch-charts" }, lines.map(({ box }) => box)), history.element, aboutLines),
    h("section", {}, h("h2", {}, "In numbers"), table),
    h("section", {}, factors, aboutFactors),
  );
  const now = h("section", { class: "learning-now", "aria-label": "The loss now", hidden: true });
  const element = h("div", { class: "probes", id: "learning" }, now, notice, body);
  /** @type {Reply|null} */
  let reply = null;
  const asking = createAsking();
  let told = "";

  /** What has to change for the server to have more to tell: while there is nothing, any step of the run. */
  function news() {
    const run = scene.target()?.run;
    const more = reply && !reply.layers.length ? [run?.state, run?.progress?.epoch, run?.progress?.what] : [];
    return [scene.layers?.stamp, ...more].join(" ");
  }

  /** The loss of each layer while the run in view is being trained. */
  function drawNow() {
    const run = runs.get(state.now.run);
    const step = run && live(run) && run.phase === "training" ? run.progress : null;
    now.hidden = !step?.losses?.length || state.now.tab !== "learning";
    if (now.hidden || !run || !step) return;
    const below = scene.layers?.epoch ?? null;
    const wanted = `${step.seq} ${run.history.epochs.length} ${below}`;
    if (wanted === told) return;
    told = wanted;
    const [epoch = 0, at = 0, steps = 1] = [step.epoch, step.step, step.steps];
    fill(
      now,
      h("h2", {}, `${lossName(`${run.config.rule}`)} now`),
      h("p", { class: "soft small" }, `Mean of each layer at step ${at} of ${steps}, in epoch ${epoch + 1}, after the means of the epochs before.${below === null ? "" : ` What follows is of epoch ${below}, until a later one is analysed.`}`),
      lossLines(run.history, step.losses ?? null, epoch + at / Math.max(1, steps), run.layers),
    );
  }

  function nothingYet() {
    reply = null;
    asking.drop();
    body.hidden = true;
    delete element.dataset.drawn;
    fill(notice, "Scores, open gates and gradients are told of checkpoints that are analysed; that begins when the training has ended.");
  }

  function load() {
    const { layers } = scene;
    if (state.now.tab !== "learning") return;
    if (!layers) return nothingYet();
    if (!ask(layers)) draw();
  }

  /** Ask where there may be more than was told. @param {import("../types.js").Layers} layers */
  function ask(layers) {
    return asking.ask(news(), () => api.learning(layers.run, layers.epoch), (found, error) => {
      reply = found;
      body.hidden = !found?.layers.length;
      fill(notice, body.hidden && (error?.message ?? found?.reason));
      element.dataset.drawn = `${layers.run}@${layers.epoch}`;
      draw();
    });
  }

  function draw() {
    if (!reply?.layers.length || state.now.tab !== "learning") return;
    const { definitions } = reply;
    drawSteps(reply);
    drawCards(reply);
    drawTable(reply);
    drawHistory(reply);
    drawFactors(reply);
    drawCharts();
    const told = (/** @type {string[]} */ ...words) => words.map((word) => definitions[word] ?? "").join(" ");
    fill(aboutScores, told("learning", "scores", "loss"));
    fill(aboutLines, told("cosine"));
    fill(aboutFactors, told("four factors"));
  }

  /** What the loss of the images that are looked at is called, beside that of the training. @param {Reply} told */
  const fresh = (told) => `${told.contrast === "hinge" ? "hinge loss" : "cross-entropy"}, fresh views`;

  /** The step k in view; null for all together. @param {Reply} told */
  const step = (told) => (stepsOf(told).includes(state.now.k ?? 0) ? state.now.k : null);

  /** @param {Reply} told */
  function drawSteps(told) {
    const there = stepsOf(told);
    /** @type {[string, string][]} */
    const words = [["", "all"], ...there.map((k) => /** @type {[string, string]} */ ([`${k}`, `k = ${k}`]))];
    const now = step(told);
    fill(
      steps,
      there.length > 0 && [
        h("span", {}, "Prediction distance"),
        segments("Prediction distance", words, `${now ?? ""}`, (word) => state.set({ k: word ? Number(word) : null })),
      ],
      h("span", { class: "key filled" }, "true futures"),
      h("span", { class: "key filled wrong" }, "wrong futures"),
      told.contrast === "hinge" && h("span", { class: "key dash" }, "margin: +1 for true, −1 for wrong"),
      h("span", { class: "soft small" }, "one axis for all layers; at most 1 % of a layer’s futures lie beyond either end"),
      h("span", { class: "soft small" }, there.length > 0 && `${told.rule}: step k looks k + 1 patch rows down${now === null ? "" : `, here ${now + 1}`}`),
    );
  }

  /** @param {Reply} told */
  function drawCards(told) {
    const hinge = told.contrast === "hinge";
    const axis = axisOf(told.layers);
    fill(cards, told.layers.map((layer) => {
      const now = atStep(layer, step(told));
      /** @param {string} name @param {string} value @param {string} says @param {string} [why] */
      const fact = (name, value, says, why) => [h("dt", { title: why }, name), h("dd", { "data-figure": says }, value)];
      return h(
        "section",
        { class: `score-card${layer.layer === state.now.layer ? " on" : ""}`, "data-layer": layer.layer },
        h("h3", {}, h("button", { class: "link", onclick: () => state.set({ layer: layer.layer }) }, scene.layerName(layer.layer))),
        scorePlot(layer.edges, axis, now, hinge, scoreSentence(layer, now.k, scene.layerName(layer.layer))),
        h(
          "dl",
          { class: "facts small" },
          fact(fresh(told), decimal(now.loss, 3), "loss", `${told.definitions.learning ?? ""} ${told.definitions.loss ?? ""} While training, the loss is a mean over the epoch, whose views and weights are others.`),
          hinge ? fact("open gates, true", percent(now.true_gate), "true_gate") : null,
          hinge ? fact("open gates, wrong", percent(now.wrong_gate), "wrong_gate") : null,
          fact("cosine with end to end", signed(now.cosine), "cosine"),
        ),
      );
    }));
  }

  /** @param {Reply} told */
  function drawTable(told) {
    const hinge = told.contrast === "hinge";
    const names = ["layer", fresh(told), "true score", "wrong score",
      ...(hinge ? ["gates, true", "gates, wrong"] : []), "cosine"];
    fill(
      table,
      h("p", { class: "soft small" }, told.layers.map((layer) => scoreSentence(layer, step(told), scene.layerName(layer.layer))).find((_, i) => told.layers[i].layer === state.now.layer) ?? ""),
      h(
        "table",
        { "aria-label": "Learning by layer" },
        headings(names),
        h("tbody", {}, told.layers.map((layer) => {
          const now = atStep(layer, step(told));
          const cells = [decimal(now.loss, 3), decimal(now.true_mean), decimal(now.wrong_mean),
            ...(hinge ? [percent(now.true_gate), percent(now.wrong_gate)] : []), signed(now.cosine)];
          return h("tr", { class: layer.layer === state.now.layer ? "on" : "" },
            h("th", { scope: "row" }, scene.layerName(layer.layer)), cells.map((cell) => h("td", {}, cell)));
        })),
      ),
    );
  }

  /** @param {Reply} told */
  function drawHistory(told) {
    const shown = lines.filter(({ word }) => word !== "gates" || told.contrast === "hinge");
    const three = (/** @type {number} */ value) => decimal(value, 3);
    const names = told.layers.map(({ layer }) => scene.layerName(layer));
    history.show(() => ({
      says: `${shown.map(({ says }) => says).join("; ")}: of each layer at ${counted(told.by_epoch.length, "epoch")}.`,
      columns: [{ says: "epoch" }, { says: "figure" }, ...names.map((says) => ({ says, written: three }))],
      rows: told.by_epoch.flatMap(({ epoch }, i) => shown.map(({ word, says }) =>
        [epoch, says.split(",")[0], ...overEpochs(told, step(told), FIGURES[word]).map(({ values }) => values[i])])),
    }));
    scores.show(() => ({
      says: told.layers.map((layer) => scoreSentence(layer, step(told), scene.layerName(layer.layer))).join(" "),
      columns: [{ says: "layer" }, { says: "score from", written: decimal }, { says: "to", written: decimal },
        { says: "true futures" }, { says: "wrong futures" }],
      rows: told.layers.flatMap((layer, i) => {
        const now = atStep(layer, step(told));
        return now.true.map((n, bin) => [names[i], layer.edges[bin], layer.edges[bin + 1], n, now.wrong[bin]]);
      }),
    }));
  }

  /** @param {Reply} told */
  function drawFactors(told) {
    const rows = told.layers.flatMap((layer) => layer.gaps.slice(0, 2).map((gap) => ({ layer: layer.layer, gap })));
    fill(
      factors,
      h("h2", {}, "Four factors against autograd"),
      rows.length > 0 && h(
        "table",
        { "aria-label": "Four factors against autograd" },
        headings(["layer", "precision", "weight", "bias", "W_pred", "W_retro"]),
        h("tbody", {}, rows.map(({ layer, gap }) => h(
          "tr",
          { class: layer === state.now.layer ? "on" : "" },
          h("th", { scope: "row" }, scene.layerName(layer)),
          h("td", {}, gap.precision),
          [...[gap.weight, gap.bias, gap.W_pred].map(finite), scientific(gap.W_retro)].map((value) => h("td", {}, value)),
        ))),
      ),
    );
  }

  function drawCharts() {
    if (!reply?.layers.length || !lines[0].chart.clientWidth || !scene.layers) return;
    const told = reply;
    const count = scene.layers.layers.length - 1;
    for (const { word, says, chart, box, ticks, format } of lines) {
      box.hidden = word === "gates" && told.contrast !== "hinge";
      if (box.hidden) continue;
      const rows = overEpochs(told, step(told), FIGURES[word]);
      void epochLines(chart, {
        x: told.by_epoch.map((row) => row.epoch),
        lines: rows.map(({ layer, values }) => ({
          says: scene.layerName(layer),
          short: shortLayer(scene.layerName(layer)),
          values,
          colour: ramp(0.33 + (0.67 * (layer - 1)) / Math.max(1, count - 1), theme.tone),
          chosen: layer === state.now.layer,
        })),
        at: told.epoch,
        ticks,
        format,
      });
      const ends = rows.map(({ layer, values }) => `${scene.layerName(layer)} ${decimal(values[values.length - 1])}`).join(", ");
      chart.setAttribute("aria-label", `${says} at epochs ${told.by_epoch.map((row) => row.epoch).join(", ")}; at the last: ${ends}.`);
    }
  }

  const redraw = perFrame(drawCharts);
  runs.on(() => {
    drawNow();
    if (reply && scene.layers && state.now.tab === "learning") ask(scene.layers);
  });
  scene.on(["maps"], load);
  state.on(["tab", "layer", "k"], load);
  scene.on(["maps"], drawNow);
  state.on(["tab", "run"], drawNow);
  theme.on(draw);
  new ResizeObserver(redraw).observe(lines[0].chart);
  return element;
}
