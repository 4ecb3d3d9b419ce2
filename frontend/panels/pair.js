// What the probes read from two checkpoints, and the difference.

import { createAsking } from "../asking.js";
import { classMark } from "../palette.js";
import { decimal, layerName } from "../text.js";
import { difference, partners } from "../bench.js";
import { fill, h, refill } from "../dom.js";
import { headings } from "../marks/headings.js";
import { inks } from "../charts.js";
import { lineOf, namedLines } from "../marks/namedlines.js";
import { share } from "../marks/share.js";

/** @typedef {import("../types.js").Accuracy} Accuracy */
/** @typedef {import("../types.js").Probes} Probes */

/** @param {import("../types.js").Both} page */
export function pair({ state, scene, runs, api, theme, beside }) {
  const notice = h("p", { class: "notice" });
  const chart = namedLines({ state });
  const table = h("div", { class: "probe-table" });
  const words = h("p", { class: "soft small" });
  const body = h("div", { class: "bench", hidden: true }, chart.element, table, words);
  const element = h("section", { "aria-label": "Probes of both", id: "pair", hidden: true }, h("h3", {}, "Accuracy of the linear probe"), notice, body);
  /** @type {[Probes, Probes]|null} */
  let both = null;
  const asking = createAsking();

  function load() {
    if (state.now.tab !== "compare") return;
    const goal = scene.target();
    const other = beside.target();
    element.hidden = !goal || !other;
    const wanted = goal && other ? `${goal.stamp} ${other.stamp}` : "";
    const question = async () => (goal && other
      ? Promise.all([api.probes(goal.run.id, goal.epoch), api.probes(other.run, other.epoch)])
      : null);
    const asked = asking.ask(wanted, question, (found, error) => {
      const lacking = found?.find((reply) => !reply.layers.length);
      both = lacking ? null : found;
      fill(notice, error?.message ?? lacking?.reason ?? "");
      draw();
    });
    if (asked) both = null;
    else draw();
  }

  /** @param {Probes} reply */
  const plainName = ({ run, epoch }) => `${runs.get(run)?.name ?? run}, epoch ${epoch}`;

  /** Tells the two apart. @param {Probes} reply */
  function nameOfRun(reply) {
    const other = both?.find(({ run }) => run !== reply.run);
    const name = plainName(reply);
    return other && plainName(other) === name ? `${name} (${reply.run})` : name;
  }

  function draw() {
    body.hidden = !both;
    if (!both || state.now.tab !== "compare") return;
    const [a, b] = both;
    const [matched, alone] = [rows(), a.run === b.run];
    const at = (/** @type {Probes} */ reply, /** @type {number} */ n) => reply.layers.find(({ layer }) => layer === n);
    /** @param {string} key @param {string} says @param {Accuracy|null|undefined} x @param {Accuracy|null|undefined} y */
    const line = (key, says, x, y) => {
      const d = x && y ? difference(x, y) : null;
      return h("tr", { "data-row": key }, h("th", { scope: "row" }, says), [x, y].map((v) => h("td", {}, v ? share(v) : "–")),
        h("td", {}, d ? [signed(d.by), h("small", {}, `${signed(d.low)} to ${signed(d.high)}`)] : "–"));
    };
    refill(
      table,
      h("table", {},
        headings(["", nameOfRun(a), nameOfRun(b), "difference, points"]),
        h("tbody", {},
          matched.map(({ layer, names }) => line(`layer ${layer}`, names.join(" / "), at(a, layer), at(b, layer))),
          !alone && matched.map(({ layer, names }) => line(`random, layer ${layer}`, `random, ${names.join(" / ")}`, at(a, layer)?.random, at(b, layer)?.random)),
          !alone && line("raw pixels", "raw pixels", a.pixels, b.pixels))),
    );
    const [first, second] = both.map(({ run }) => runs.get(run));
    const same = first?.dataset === second?.dataset;
    const lonely = matched.filter(({ alone }) => alone).map(({ names }) => names[0]);
    const how = `Layers are matched by their number from the input${lonely.length ? `; ${lonely.join(", ")} ${lonely.length === 1 ? "has" : "have"} no partner` : ""}, which does not make them alike.`;
    fill(words, `${how} Protocol ${a.word}${b.word === a.word ? "" : ` and ${b.word}`}. ${a.protocol} The interval of a difference is Newcombe's, 95 %, from those of both, as if of different images.${same ? "" : " The two runs were analysed on different images, so their difference is one of data, too."}`);
    drawChart();
  }

  /** The layers of both runs by number, with what each calls them. */
  const rows = () => partners((both ?? []).map(({ run, layers }) =>
    layers.map(({ layer }) => [layer, layerName(runs.get(run)?.model?.layers, layer)])));

  function drawChart() {
    if (!both) return;
    const ink = inks(chart.element);
    const matched = rows();
    const layers = matched.map(({ layer }) => layer);
    const alone = both[0].run === both[1].run;
    /** Of what is not learned each run has its own; two epochs of one run share it. @param {string} what @param {string} says */
    const ofRun = (what, says) => (alone ? what : `${what} of ${says}`);
    const lines = both.flatMap((reply, i) => {
      const { colour, shape } = classMark(i, theme.tone);
      const of = (/** @type {number} */ n) => reply.layers.find(({ layer }) => layer === n);
      const says = nameOfRun(reply);
      const learned = lineOf(says, layers.map(of), { colour, symbol: shape.name, dash: "solid" });
      return alone && i ? [learned] : [
        learned,
        lineOf(ofRun("random encoder", says), layers.map((n) => of(n)?.random ?? undefined), { colour: alone ? ink.soft : colour, symbol: null, dash: "dash" }),
        lineOf(ofRun("raw pixels", says), layers.map(() => reply.pixels ?? undefined), { colour: ink.soft, symbol: null, dash: i ? "dot" : "dashdot" }),
      ];
    }).filter((line) => line.values.some((v) => v !== null));
    chart.show(matched.map(({ names }) => names), lines);
  }

  /** @param {number} by */
  const signed = (by) => `${by > 0 ? "+" : ""}${decimal(100 * by, 1)}`;

  theme.on(draw);
  runs.on(load);
  scene.on(["maps"], load);
  beside.on(load);
  state.on(["tab", "versus", "versus_epoch", "run", "epoch"], load);
  load();
  return element;
}
