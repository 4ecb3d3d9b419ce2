// Shares by layer, a line each with its name at its end; the one that is pointed at or chosen stands out.

import { fill, h, perFrame, svg } from "../dom.js";
import { layerLines } from "../charts.js";
import { outline } from "../palette.js";
import { spread } from "../axis.js";
import { standOut } from "../plot.js";

/** @typedef {import("../types.js").Accuracy} Accuracy */
/** @typedef {Parameters<typeof layerLines>[1]["lines"][number]} Line */

const BESIDE = 640; // pixels of width from which the names stand at the ends of the lines, else above
const LEAD = 24; // pixels from where the chart ends to the names
const APART = 16; // pixels from name to name
/** @type {Record<string, string|null>} */
const DASHES = { solid: null, dash: "5 3", dashdot: "6 2 2 2", dot: "2 3" };

/**
 * @param {string} says
 * @param {(Accuracy|undefined)[]} values
 * @param {{colour: string, symbol: string|null, dash: string}} look
 * @returns {Line}
 */
export const lineOf = (says, values, look) => ({
  says,
  values: values.map((v) => v?.accuracy ?? null),
  low: values.map((v) => v?.low ?? null),
  high: values.map((v) => v?.high ?? null),
  ...look,
});

/** A line as it looks in the chart. @param {Line} line */
const sample = ({ colour, symbol, dash }) => svg("svg", { width: 26, height: 12, "aria-hidden": "true" },
  svg("path", { d: "M1 6H25", stroke: colour, "stroke-width": 2, "stroke-dasharray": DASHES[dash] }),
  symbol && svg("path", { d: outline(symbol), transform: "translate(13 6) scale(4.5)", fill: colour }));

/** @param {Pick<import("../types.js").Page, "state">} page */
export function namedLines({ state }) {
  const chart = h("div", { class: "chart", role: "img", "aria-label": "Accuracy by layer" });
  const key = h("div", { class: "chart-key small", role: "group", "aria-label": "Lines" });
  const element = h("div", { class: "named-lines" }, key, chart);
  /** @type {string[][]} */
  let names = [];
  /** @type {Line[]} */
  let lines = [];
  /** @type {string|null} */
  let pointed = null;
  let told = "";
  let turn = 0;

  /** Let a line stand out, or with null the chosen one again. @param {string|null} says */
  function point(says) {
    pointed = says;
    mark();
  }

  function mark() {
    const place = lines.findIndex(({ says }) => says === (pointed ?? state.now.line));
    standOut(chart, place);
    key.querySelectorAll("[data-line]").forEach((each) => {
      const at = Number(/** @type {HTMLElement|SVGElement} */ (each).dataset.line);
      each.classList.toggle("faint", place >= 0 && at !== place);
      if (each instanceof HTMLElement) each.setAttribute("aria-pressed", `${lines[at]?.says === state.now.line}`);
    });
  }

  /** @param {Line} line @param {number} i */
  function named(line, i) {
    const [on, off] = [() => point(line.says), () => point(null)];
    return h("button", {
      class: "sample", "data-line": i, title: line.says,
      onclick: () => state.set({ line: state.now.line === line.says ? null : line.says }),
      onpointerenter: on, onpointerleave: off, onfocus: on, onblur: off,
    }, sample(line), h("span", {}, line.says));
  }

  async function draw() {
    const [drawn, mine] = [lines, (turn += 1)];
    if (!drawn.length) fill(key);
    if (!drawn.length || !chart.clientWidth) return;
    const beside = chart.clientWidth >= BESIDE;
    element.classList.toggle("beside", beside);
    chart.style.height = beside ? `${Math.max(190, 32 + APART * drawn.length)}px` : "";
    const buttons = drawn.map(named);
    if (beside) buttons.forEach((button, i) => (button.style.top = `${APART * i}px`));
    fill(key, buttons);
    mark();
    const wide = beside ? Math.ceil(Math.max(...buttons.map((each) => each.getBoundingClientRect().width))) : 0;
    key.style.width = beside ? `${wide}px` : "";
    const ends = await layerLines(chart, { names, lines, right: beside ? LEAD + wide : 30 }, (i) => point(drawn[i]?.says ?? null));
    if (mine !== turn) return;
    if (beside) lead(buttons, ends, wide);
    mark();
  }

  /** Put each name as near to the end of its line as the others leave room, and lead from there to it. @param {HTMLElement[]} buttons @param {number[]} ends @param {number} wide */
  function lead(buttons, ends, wide) {
    const height = chart.clientHeight;
    const places = spread(ends, APART, [APART / 2, height - APART / 2]);
    buttons.forEach((button, i) => (button.style.top = `${places[i] - APART / 2}px`));
    key.querySelector(".leads")?.remove();
    key.append(svg("svg", { class: "leads", width: LEAD, height, "aria-hidden": "true", style: { right: `${wide}px` } },
      ends.map((end, i) => svg("path", { "data-line": i, d: `M0 ${end}C${LEAD / 2} ${end} ${LEAD / 2} ${places[i]} ${LEAD} ${places[i]}`, stroke: lines[i].colour }))));
  }

  state.on(["line"], mark);
  new ResizeObserver(perFrame(() => void draw())).observe(chart);
  return {
    element,
    point,
    /** @param {string[][]} layers the names of each, one or one a run @param {Line[]} wanted */
    show(layers, wanted) {
      const next = JSON.stringify([layers, wanted]);
      if (next === told) return;
      told = next;
      [names, lines, element.hidden] = [layers, wanted, !wanted.length];
      chart.setAttribute("aria-label", `Accuracy by layer of ${lines.map(({ says }) => says).join(", ")}; the table below has the numbers.`);
      void draw();
    },
  };
}
