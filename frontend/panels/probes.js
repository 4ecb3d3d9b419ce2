// What a linear classifier can read from each layer, beside what it reads without learning.

import { accuracyBars, epochLines } from "../charts.js";
import { count, counted, decimal, percent, shortLayer } from "../text.js";
import { createAsking } from "../asking.js";
import { cellOf, imagesOf, mostMixedUp } from "../confusion.js";
import { pending } from "../pending.js";
import { pendingNotice, pendingWord } from "../marks/pending.js";
import { fill, h, perFrame } from "../dom.js";
import { headings } from "../marks/headings.js";
import { asText } from "../marks/astext.js";
import { ramp } from "../palette.js";
import { roving } from "../roving.js";
import { share } from "../marks/share.js";

/** @typedef {import("../types.js").Probes} Reply */

const MOST_CLASSES = 60; // that a table of all pairs has
const MOST_PAIRS = 60; // that are listed where there are more

/**
 * @param {import("../types.js").Page} page
 * @param {HTMLElement} mixup shows the cell of the matrix that is chosen
 */
export function probes(page, mixup) {
  const { state, scene, runs, api, theme } = page;
  const bars = h("div", { class: "chart", role: "img", "aria-label": "Accuracy by layer" });
  const epochs = h("div", { class: "chart", role: "img", "aria-label": "Accuracy by epoch" });
  const [barsText, epochsText] = [asText("Accuracy by layer"), asText("Accuracy by epoch")];
  const key = h("div", { class: "chart-key small" });
  const table = h("div", { class: "probe-table" });
  const matrix = h("div", { class: "matrix" });
  const protocol = h("p", { class: "soft small" });
  const notice = h("p", { class: "notice" });
  const wait = pendingNotice(page);
  const body = h(
    "div",
    { class: "probe-body" },
    h("section", { class: "by-layer" }, h("h2", {}, "Accuracy by layer"), key, bars, barsText.element),
    h("section", { class: "by-epoch" }, h("h2", {}, "Accuracy by epoch"), epochs, epochsText.element),
    h("section", { class: "by-class" }, matrix),
    mixup,
    h("section", { class: "in-numbers" }, table, protocol),
  );
  const element = h("div", { class: "probes", id: "probes" }, notice, wait.element, body);
  /** @type {Reply|null} */
  let reply = null;
  const asking = createAsking();
  let awaited = "";
  roving(matrix, "[data-cell]");

  function load() {
    const { layers } = scene;
    if (state.now.tab !== "probes" || !layers) return;
    const asked = asking.ask(layers.stamp, () => api.probes(layers.run, layers.epoch), (found, error) => {
      reply = found;
      body.hidden = !found?.layers.length;
      fill(notice, error?.message ?? (body.hidden && !toCome().length && (found?.reason ?? "There is no probe for this checkpoint.")));
      awaited = "";
      keepUp();
      draw();
    });
    if (!asked) draw();
  }

  /** Probes that are not there yet, by layer. */
  function toCome() {
    const { layers } = scene;
    const run = runs.get(layers?.run ?? null);
    return layers?.layers.flatMap((info) => {
      const told = pending(run, layers.epoch, info, "probes");
      return told ? [{ layer: info.layer, told }] : [];
    }) ?? [];
  }

  /** In place of all where no layer has a probe, else in the table, a row each. */
  function keepUp() {
    if (state.now.tab !== "probes") return;
    const coming = toCome();
    wait.update(reply && !reply.layers.length ? coming[1]?.told ?? null : null, runs.get(scene.layers?.run ?? null));
    const wanted = coming.map(({ layer, told }) => `${layer} ${told.state}`).join();
    if (wanted === awaited) return;
    awaited = wanted;
    if (reply?.layers.length) drawTable(reply, reply.input ? [reply.input, ...reply.layers] : reply.layers);
  }

  function draw() {
    if (!reply?.layers.length || state.now.tab !== "probes") return;
    const all = reply.input ? [reply.input, ...reply.layers] : reply.layers;
    drawTable(reply, all);
    drawMatrix(reply, all);
    drawCharts();
    fill(protocol, `Linear probe, protocol ${reply.word}: ${reply.protocol} Trained on ${count(reply.n_train)}, tested on ${count(reply.n_test)} images, seed ${reply.seed}. ${reply.no_votes ?? reply.votes}`);
  }

  function drawCharts() {
    if (!reply?.layers.length || !bars.clientWidth) return;
    const { layer } = state.now;
    fill(
      key,
      h("span", { class: "key filled" }, "learned"),
      h("span", { class: "key mark" }, "random encoder"),
      !reply.no_votes && h("span", { class: "key diamond" }, "vote of neighbours"),
      reply.pixels && h("span", { class: "key dash" }, `raw pixels ${percent(reply.pixels.accuracy)}`),
      h("span", { class: "key dot" }, `chance ${percent(reply.chance)}`),
    );
    void accuracyBars(bars, {
      names: reply.layers.map((p) => scene.layerName(p.layer)),
      values: reply.layers.map((p) => p.accuracy),
      low: reply.layers.map((p) => p.low),
      high: reply.layers.map((p) => p.high),
      chosen: reply.layers.findIndex((p) => p.layer === layer),
      marks: [
        { says: "random encoder", symbol: "line-ew", values: reply.layers.map((p) => p.random) },
        { says: "vote of neighbours", symbol: "diamond-open", values: reply.layers.map((p) => p.votes) },
      ],
      lines: [
        ...(reply.pixels ? [{ says: "raw pixels", value: reply.pixels.accuracy, dash: "dash" }] : []),
        { says: "chance", value: reply.chance, dash: "dot" },
      ],
    });
    const says = sentence(reply);
    bars.setAttribute("aria-label", says);
    const share = (/** @type {string} */ name) => ({ says: name, written: percent });
    const told = reply;
    barsText.show(() => ({
      says,
      columns: [{ says: "layer" }, share("accuracy"), share("95 % from"), share("to"), share("random encoder")],
      rows: told.layers.map((p) => [scene.layerName(p.layer), p.accuracy, p.low, p.high, p.random?.accuracy ?? null]),
    }));
    const { by_epoch: rows } = reply;
    epochsText.show(() => ({
      says: `Probe accuracy of each layer at ${counted(rows.length, "epoch")}.`,
      columns: [{ says: "epoch" }, ...told.layers.map((p) => share(scene.layerName(p.layer)))],
      rows: rows.map((row) => [row.epoch, ...told.layers.map((p) => row.accuracy[p.layer - 1] ?? null)]),
    }));
    void epochLines(epochs, {
      x: rows.map((row) => row.epoch),
      lines: reply.layers.map((p, i) => ({
        says: scene.layerName(p.layer),
        short: shortLayer(scene.layerName(p.layer)),
        values: rows.map((row) => row.accuracy[p.layer - 1] ?? null),
        low: rows.map((row) => row.low[p.layer - 1] ?? null),
        high: rows.map((row) => row.high[p.layer - 1] ?? null),
        colour: ramp(0.33 + (0.67 * i) / Math.max(1, (reply?.layers.length ?? 1) - 1), theme.tone),
        chosen: p.layer === layer,
      })),
      at: reply.epoch,
      ticks: ".0%",
      format: ".1%",
    });
    epochs.setAttribute("aria-label", `Probe accuracy of each layer at epochs ${rows.map((row) => row.epoch).join(", ")}.`);
  }

  /** @param {Reply} told */
  function sentence(told) {
    const best = told.layers.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
    return `${scene.layerName(best.layer)} is read best, ${percent(best.accuracy)}; raw pixels ${percent(told.pixels?.accuracy)}, chance ${percent(told.chance)}.`;
  }

  /** @param {Reply} told @param {import("../types.js").Probe[]} all */
  function drawTable(told, all) {
    fill(
      table,
      h("h2", {}, "In numbers"),
      h("p", { class: "soft small" }, sentence(told)),
      h(
        "table",
        {},
        headings(["layer", "linear probe", "random encoder", "gain, points", "vote of neighbours"]),
        h("tbody", {}, all.map((p) => {
          const random = p.layer ? p.random : null;
          return h(
            "tr",
            { class: p.layer === state.now.layer ? "on" : "" },
            h("th", { scope: "row" }, h("button", { class: "link", onclick: () => state.set({ layer: p.layer }) }, p.layer ? scene.layerName(p.layer) : "Input (raw pixels)")),
            h("td", {}, share(p)),
            h("td", { class: "soft" }, random ? share(random) : "–"),
            h("td", {}, random ? gain(p.accuracy - random.accuracy) : "–"),
            h("td", {}, p.votes ? share(p.votes) : "–"),
          );
        }), toCome().map(({ layer, told }) => h(
          "tr",
          { class: "to-come", "data-pending": told.state },
          h("th", { scope: "row" }, layer ? scene.layerName(layer) : "Input (raw pixels)"),
          h("td", { colspan: 4 }, pendingWord(told)),
        ))),
      ),
    );
  }

  /** @param {number} by */
  const gain = (by) => `${by > 0 ? "+" : ""}${decimal(100 * by, 1)}`;

  /** @param {Reply} told @param {import("../types.js").Probe[]} all */
  function drawMatrix(told, all) {
    const probe = all.find((p) => p.layer === state.now.layer) ?? all[all.length - 1];
    const name = scene.layerName(probe.layer);
    fill(
      matrix,
      h("h2", {}, "Confusion, ", h("span", { class: "as-is" }, name)),
      told.classes.length > MOST_CLASSES ? pairs(told, probe) : [
        h("p", { class: "soft small" }, "Rows are the true class, columns the answer; per cent of the row. A cell opens its images."),
        h(
          "div",
          { class: "matrix-scroll" },
          h(
            "table",
            { class: "confusion", "aria-label": `Confusion matrix of ${name}` },
            h("thead", {}, h("tr", {}, h("td", {}), told.classes.map((name) => h("th", { scope: "col", title: name }, h("span", {}, name))))),
            h("tbody", {}, probe.confusion.map((row, truth) => {
              const of = Math.max(1, row.reduce((a, b) => a + b, 0));
              return h("tr", {}, h("th", { scope: "row", title: told.classes[truth] }, told.classes[truth]), row.map((images, answer) => h(
                "td",
                { class: truth === answer ? "right" : "", style: { "--share": (images / of).toFixed(3) } },
                cell(told, probe.layer, { truth, answer, images, of }, truth === answer || images / of >= 0.005 ? `${Math.round((100 * images) / of)}` : ""),
              )));
            })),
          ),
        ),
      ],
    );
  }

  /** In place of the table, where there are very many classes. @param {Reply} told @param {import("../types.js").Probe} probe */
  function pairs(told, probe) {
    const found = mostMixedUp(probe.confusion, MOST_PAIRS);
    return [
      h("p", { class: "soft small" }, `${count(told.classes.length)} classes are too many for a table. `, found.length
        ? `These are the pairs mixed up most, ${MOST_PAIRS} at most; a click opens their images.`
        : "No image was taken for one of another class."),
      found.length > 0 && h("ul", { class: "mixed-up small", "aria-label": `Classes mixed up in ${scene.layerName(probe.layer)}` },
        found.map((of) => h("li", {}, cell(told, probe.layer, of)))),
    ];
  }

  /** @param {Reply} told @param {number} layer @param {import("../confusion.js").Cell} of @param {string} [text] in place of all that it says */
  function cell({ classes }, layer, { truth, answer, images, of }, text) {
    const says = `${classes[truth]} taken for ${classes[answer]}: ${count(images)} of ${count(of)}`;
    const chosen = cellOf(state.now.cell, classes.length);
    return h("button", {
      class: text === undefined ? "link" : "", title: says, "aria-label": says,
      "aria-current": `${chosen?.[0] === truth && chosen[1] === answer}`, "data-cell": `${truth},${answer}`,
      onclick: () => void open(layer, truth, answer),
    }, text ?? says);
  }

  /** Show a cell and select its images, where it is known which they are. @param {number} layer @param {number} truth @param {number} answer */
  async function open(layer, truth, answer) {
    const { layers } = scene;
    if (!layers) return;
    const told = await api.answers(layers.run, layer, layers.epoch).catch(() => null);
    if (scene.layers !== layers) return;
    const images = told?.predicted ? { selection: imagesOf(layers.ids, layers.labels, told.predicted, truth, answer) } : {};
    state.set({ layer, cell: [truth, answer], ...images });
  }

  const redraw = perFrame(drawCharts);
  runs.on(keepUp);
  scene.on(["maps"], load);
  state.on(["tab", "layer", "cell"], load);
  theme.on(draw);
  new ResizeObserver(redraw).observe(bars);
  return element;
}
