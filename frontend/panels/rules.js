// Rules side by side, as a bench measured them.

import { classMark } from "../palette.js";
import { count, counted, decimal, duration, layerName, percent } from "../text.js";
import { found, isReference, layersOf, learnt, measures, nameOf, NEIGHBOURS, reordered, seedsOf, shortName, sorted, toTry, viewOf } from "../bench.js";
import { createAsking } from "../asking.js";
import { commandLine } from "../marks/commandline.js";
import { fill, h, refill } from "../dom.js";
import { inks } from "../charts.js";
import { lineOf, namedLines } from "../marks/namedlines.js";
import { share } from "../marks/share.js";

/** @typedef {import("../types.js").Bench} Bench */
/** @typedef {import("../types.js").OfRule} OfRule */
/** @typedef {import("../types.js").Accuracy} Accuracy */

const DASHES = ["dash", "dashdot"]; // of random encoders that see other things
const COMMAND = "saccade bench rules --data photos --encoder vgg6-tiny --epochs 5";

/** The bench: a chart, a table, and how its numbers are defined. @param {import("../types.js").Page} page */
export function rules({ state, runs, api, theme }) {
  const chart = namedLines({ state });
  const head = h("div", { class: "compare-head" });
  const about = h("p", { class: "soft small" });
  const table = h("div", { class: "probe-table" });
  const words = h("div", { class: "compare-words" });
  const notice = h("div", {});
  const body = h("div", { class: "bench", hidden: true }, about, chart.element, table, words);
  const element = h("section", { "aria-label": "Rules" }, head, notice, body);
  /** @type {import("../types.js").BenchListed[]} */
  let list = [];
  /** @type {Bench|null} */
  let bench = null;
  const asking = createAsking();

  const measure = () => {
    const there = bench ? measures(bench) : [];
    return there.find((word) => word === state.now.measure) ?? there[0] ?? NEIGHBOURS;
  };

  /** The benches there are, and the first that can be read of those to try. */
  async function look() {
    const { benches } = await api.benches();
    /** @type {Error[]} */
    const failures = [];
    for (const name of toTry(benches, state.now.bench)) {
      const read = await api.bench(name).catch((error) => void failures.push(error));
      if (read) return { benches, read, failures };
    }
    return { benches, read: null, failures };
  }

  function load() {
    if (state.now.tab !== "compare") return;
    asking.drop();
    asking.ask("benches", look, (told, error) => {
      list = told?.benches ?? list;
      bench = told?.read ?? null;
      const failures = told?.failures ?? [/** @type {Error} */ (error)];
      fill(notice, failures.map(({ message }) => h("p", { class: "notice bad" }, message)), !list.length && !failures.length && nothing());
      draw();
    });
  }

  function nothing() {
    return h("div", { class: "wait-words" },
      h("h2", { class: "big" }, "No bench yet"),
      h("p", { class: "soft" }, "A bench trains every learning rule on the same images, in the same order and from the same weights, and shows what each layer has learned beside the untrained encoder and raw pixels. Begin one in a terminal; it takes some minutes:"),
      commandLine(COMMAND));
  }

  function draw() {
    body.hidden = !bench;
    drawHead();
    if (!bench || state.now.tab !== "compare") return;
    const { data, settings, seeds, command, machine, definitions } = bench;
    fill(about, `${data.title}: ${count(data.images)} training images, ${count(data.n_test)} test images, ${data.classes.length} classes, chance ${percent(data.chance)}. ${settings.encoder}, ${counted(Number(settings.epochs), "epoch")}, ${learnt(settings).join(", ")}, ${seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds.join(", ")}`}.`);
    drawTable(bench);
    drawChart(bench);
    const failed = bench.rows.filter((row) => row.error);
    const others = Object.keys(definitions).filter((word) => !bench?.protocols.includes(word) || word !== measure());
    fill(
      words,
      h("p", { class: "soft small" }, measure() === NEIGHBOURS ? "" : `Protocol ${measure()}: `, definitions[measure()], " ", definitions.interval),
      failed.map((row) => h("p", { class: "notice bad" }, `${row.rule}${row.seed === null ? "" : `, seed ${row.seed}`} failed: ${row.error}`)),
      h("details", { class: "definitions" },
        h("summary", {}, "How the rest is measured, and on what"),
        others.filter((word) => word !== "interval" && word !== measure()).map((word) => h("p", {}, bench?.protocols.includes(word) ? `Protocol ${word}: ` : "", definitions[word])),
        h("p", {}, `${machine.processor}, ${machine.cores} cores, ${machine.gpu ?? machine.device}; torch ${machine.torch}; Saccade ${bench.version}.`),
        commandLine(command)),
    );
  }

  function drawHead() {
    fill(
      head,
      h("h2", {}, "Rules side by side"),
      list.length ? h("label", { class: "pick" }, h("span", { class: "soft" }, "bench"), h(
        "select",
        { id: "bench", onchange: (/** @type {Event} */ e) => state.set({ bench: /** @type {any} */ (e.target).value, order: null }) },
        bench ? null : h("option", { value: "", disabled: true, selected: true }, "choose a bench"),
        list.map(({ name }) => h("option", { value: name, selected: name === bench?.name }, name)),
      )) : null,
      h("span", { class: "gap" }),
      bench && h("div", { class: "segments", role: "group", "aria-label": "What is measured" }, measures(bench).map((word) => h(
        "button",
        { "aria-pressed": `${word === measure()}`, onclick: () => state.set({ measure: word }) },
        word === NEIGHBOURS ? `neighbours, k = ${bench?.k}` : `linear probe, ${word}`,
      ))),
    );
  }

  /** @param {Bench} told */
  function drawTable(told) {
    const layers = layersOf(told, measure());
    const joined = told.summary.some((row) => found(row, measure()).some(({ layer }) => layer === null));
    const last = layers.at(-1) ?? 0;
    /** @type {[string, string, string][]} */
    const columns = [
      ["rule", "rule", ""],
      ["labels", "labels", "Does it learn from the labels of the training images?"],
      ["crosses", "crosses", "Does a loss send gradient into the layers below its own?"],
      ...layers.map((n) => /** @type {[string, string, string]} */ ([`${n}`, `layer ${n}`, ""])),
      ...(joined ? [/** @type {[string, string, string]} */ (["all", "all layers", "One classifier for all layers together"])] : []),
      ...(measure() === NEIGHBOURS ? [] : [/** @type {[string, string, string]} */ (["neighbours", `neighb. L${last}`, `Neighbours, k = ${told.k}, of layer ${last}, the top one`])]),
      ["images", "images", "Images seen in training, all passes together; a rule that learns from labels sees the labelled ones alone"],
      ["seconds", "training", "Time in training steps, mean over seeds, beside whatever else the machine did"],
      ["speed", "img/s", "Images a second, measured apart in a fresh process"],
      ["memory", "MB", "Peak memory, measured apart in a fresh process"],
    ];
    const { order } = state.now;
    refill(
      table,
      h(
        "table",
        { class: "rules" },
        h("caption", { class: "unseen" }, `${measure() === NEIGHBOURS ? "Neighbour accuracy" : `Probe accuracy, protocol ${measure()},`} of each rule by layer, with 95 % intervals`),
        h("thead", {}, h("tr", {}, columns.map(([column, says, why]) => h(
          "th",
          { scope: "col", title: why || false, "aria-sort": order === column ? "ascending" : order === `-${column}` ? "descending" : false },
          h("button", { class: "link", "data-column": column, onclick: () => state.set({ order: reordered(order, column) }) }, says, order === column ? " ↑" : order === `-${column}` ? " ↓" : ""),
        )))),
        h("tbody", {}, sorted(told.summary, order, measure()).map((row) => h(
          "tr",
          {
            class: isReference(row) ? "reference" : "", "data-rule": row.rule, "data-view": row.view,
            onpointerenter: () => chart.point(nameOf(told, row)), onpointerleave: () => chart.point(null),
          },
          h("th", { scope: "row", title: viewOf(row.view) }, named(told, row), isReference(row) && h("small", {}, viewOf(row.view)), seedsOf(told, row) && h("small", {}, seedsOf(told, row))),
          h("td", { class: "soft" }, isReference(row) ? "" : row.labels ? "yes" : "no"),
          h("td", { class: "soft" }, isReference(row) ? "" : row.crosses ? "yes" : "no"),
          layers.map((n) => cell(at(row, n))),
          joined ? cell(found(row, measure()).find(({ layer }) => layer === null)) : null,
          measure() === NEIGHBOURS ? null : cell(row.neighbours.find(({ layer }) => layer === last) ?? (row.rule === "pixels" ? row.neighbours[0] : undefined)),
          h("td", {}, row.images === null ? "" : count(row.images)),
          h("td", {}, row.seconds === null ? "" : duration(row.seconds)),
          h("td", {}, row.images_per_second === null ? "" : decimal(row.images_per_second, 0)),
          h("td", {}, row.memory_mb === null ? "" : count(Math.round(row.memory_mb))),
        ))),
      ),
    );
  }

  /** Of a layer; the pixels have one value, which stands under the first. @param {OfRule} row @param {number} layer */
  const at = (row, layer) =>
    found(row, measure()).find((each) => each.layer === (row.rule === "pixels" && layer === 1 ? 0 : layer));

  /** @param {Accuracy|undefined} value */
  const cell = (value) => h("td", {}, value ? share(value) : "");

  /** The name of a row; it opens the row's run where that is here. @param {Bench} told @param {OfRule} row */
  function named(told, row) {
    const run = row.runs.find((id) => id !== null && runs.get(id));
    const says = isReference(row) ? shortName(row) : nameOf(told, row);
    if (!run) return says;
    return h("button", {
      class: "link", title: `Open run ${run}`,
      onclick: () => state.set({ run, tab: "map", epoch: row.rule === "random" ? 0 : null }),
    }, says);
  }

  /** @param {Bench} told */
  function drawChart(told) {
    const { soft } = inks(chart.element);
    const layers = layersOf(told, measure());
    const there = layers.length ? told.summary.filter((row) => found(row, measure()).some(({ layer }) => layer !== null)) : [];
    let [rule, encoder] = [0, 0];
    chart.show(layers.map((n) => [layerName(null, n)]), there.map((row) => {
      const dash = row.rule === "pixels" ? "dot" : DASHES[row.rule === "random" ? encoder++ % DASHES.length : 0];
      const look = isReference(row) ? { colour: soft, symbol: null, dash } : { ...coloured(rule++), dash: "solid" };
      const values = layers.map((n) => found(row, measure()).find(({ layer }) => layer === (row.rule === "pixels" ? 0 : n)));
      return lineOf(nameOf(told, row), values, look);
    }));
  }

  /** @param {number} i */
  const coloured = (i) => {
    const { colour, shape } = classMark(i, theme.tone);
    return { colour, symbol: shape.name };
  };

  theme.on(draw);
  runs.on(() => bench && state.now.tab === "compare" && drawTable(bench));
  state.on(["tab", "bench"], load);
  state.on(["measure", "order"], draw);
  load();
  return element;
}
