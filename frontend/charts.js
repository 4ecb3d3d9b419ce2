// Charts: accuracy by layer, of one run or several, and any figure of each layer by epoch.

import { chart } from "./plot.js";
import { plain, shortLayer, tail } from "./text.js";
import { shareTicks, spread } from "./axis.js";

/**
 * @typedef {{ink: string, soft: string, line: string, accent: string, surface: string}} Inks
 */

/** The colours of the style sheet as a chart takes them. @param {HTMLElement} element @returns {Inks} */
export function inks(element) {
  const probe = document.createElement("i");
  element.append(probe);
  const found = ["ink", "soft", "line", "accent", "surface"].map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return /** @type {Inks} */ (Object.fromEntries(found));
}

/** @param {HTMLElement} element @param {Inks} ink @param {Record<string, any>} more */
function chartLayout(element, ink, more) {
  const axisLook = {
    gridcolor: ink.line,
    linecolor: ink.line,
    zeroline: false,
    fixedrange: true,
    tickfont: { color: ink.soft },
  };
  const { xaxis, yaxis, ...rest } = more;
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    margin: { l: 38, r: 8, t: 8, b: 22 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(element).fontFamily, size: 11, color: ink.soft },
    dragmode: false,
    showlegend: false,
    hoverlabel: {
      bgcolor: ink.surface, bordercolor: ink.line, font: { color: ink.ink, size: 12 }, align: "left",
    },
    ...rest,
    xaxis: { ...axisLook, ...xaxis },
    yaxis: { ...axisLook, ...yaxis },
  };
}

/**
 * Bars with an interval each, short marks for what they are compared with, and lines across.
 * @param {HTMLElement} element
 * @param {{names: string[], values: number[], low: number[], high: number[], chosen: number,
 *   marks: {says: string, symbol: string, values: (import("./types.js").Accuracy|null)[]}[],
 *   lines: {says: string, value: number, dash: string}[]}} what shares of one
 */
export async function accuracyBars(element, what) {
  const ink = inks(element);
  const says = what.names.map(plain);
  const room = (element.clientWidth - 46) / says.length; // pixels of one bar
  const bars = {
    type: "bar",
    name: "learned",
    x: says,
    y: what.values,
    width: 0.62,
    marker: { color: ink.accent, opacity: what.names.map((_, i) => (i === what.chosen ? 1 : 0.7)) },
    ...interval(what.values, what.low, what.high, ink.ink, true),
    hovertemplate: `%{x}${within(".1%")}`,
  };
  const marks = what.marks.map((mark) => ({
    type: "scatter",
    mode: "markers",
    name: plain(mark.says),
    x: says,
    y: mark.values.map((found) => found?.accuracy ?? null),
    customdata: mark.values.map((found) => [found?.low, found?.high]),
    marker: { symbol: mark.symbol, size: mark.symbol === "line-ew" ? Math.min(30, 0.75 * room) : 10, color: ink.ink, line: { width: 2.5, color: ink.ink } },
    hovertemplate: `${plain(mark.says)}${within(".1%")}`,
  }));
  const shapes = what.lines.map((line) => ({
    type: "line", name: plain(line.says), xref: "paper", x0: 0, x1: 1, y0: line.value, y1: line.value, layer: "above",
    line: { color: ink.soft, width: 1.5, dash: line.dash },
  }));
  const most = Math.min(1.02, 1.12 * Math.max(...what.high));
  const layout = chartLayout(element, ink, {
    shapes,
    hovermode: "closest",
    xaxis: { showgrid: false, tickvals: says, ticktext: what.names.map((name) => plain((room < 60 ? shortLayer : tail)(name))), automargin: true },
    yaxis: { ...shareTicks(0, most), range: [0, most] },
  });
  await chart(element, [bars, ...marks], layout);
}

/**
 * A figure over epochs, a line a layer with its name at the end; epochs stand evenly spaced.
 * @param {HTMLElement} element
 * @param {{x: number[], lines: {says: string, short: string, values: (number|null)[],
 *   low?: (number|null)[], high?: (number|null)[], colour: string, chosen: boolean}[], at: number|null, ticks: string, format: string}} what
 *   `low` and `high` end the intervals, which are drawn of the chosen line; `at` marks an epoch; `ticks` and `format` say how d3 writes a number on the axis and in full
 */
export async function epochLines(element, what) {
  const ink = inks(element);
  const ticks = what.x.map((_, i) => i);
  const traces = what.lines.map((line) => ({
    type: "scatter",
    mode: "lines+markers",
    x: ticks,
    y: line.values,
    text: what.x.map(String),
    line: { color: line.colour, width: line.chosen ? 3 : 1.5 },
    marker: { size: line.chosen ? 7 : 5, color: line.colour },
    ...(line.low && line.high ? interval(line.values, line.low, line.high, line.colour, line.chosen) : {}),
    hovertemplate: `${plain(line.says)}, epoch %{text}${line.low ? within(what.format) : `<br>%{y:${what.format}}<extra></extra>`}`,
  }));
  const share = what.ticks.endsWith("%");
  const held = what.lines.map(({ values, low, high, chosen }) => ({
    values: chosen ? [...values, ...(low ?? []), ...(high ?? [])] : values,
  }));
  const range = rangeOf(held, share);
  const longest = Math.max(...what.lines.map(({ short }) => short.length));
  const here = what.at === null ? -1 : what.x.indexOf(what.at);
  const layout = chartLayout(element, ink, {
    hovermode: "closest",
    margin: { l: 38, r: 14 + 6.5 * longest, t: 8, b: 22 },
    xaxis: { tickvals: ticks, ticktext: what.x.map(String), showgrid: false, range: [-0.15, ticks.length - 0.9] },
    yaxis: share ? { ...shareTicks(...range), range } : { tickformat: ticksOf(what.ticks, range), nticks: 5, range },
    annotations: endLabels(what.lines, range, ink),
    shapes: here < 0 ? [] : [{
      type: "line", yref: "paper", x0: here, x1: here, y0: 0, y1: 1, layer: "below",
      line: { color: ink.soft, width: 1, dash: "dot" },
    }],
  });
  await chart(element, traces, layout);
}

/** How d3 writes the numbers of an axis, with more places where it is too short to tell them apart. @param {string} format as ".2f" @param {[number, number]} range */
const ticksOf = (format, [low, high]) => `.${Math.max(Number(format[1]), Math.ceil(-Math.log10((high - low) / 5)))}f`;

/**
 * The interval of each value, told under the pointer and, where `drawn`, as a bar.
 * @param {(number|null)[]} values
 * @param {(number|null)[]} low
 * @param {(number|null)[]} high
 * @param {string} color
 * @param {boolean} drawn
 */
const interval = (values, low, high, color, drawn) => ({
  customdata: low.map((from, i) => [from, high[i]]),
  error_y: {
    type: "data", symmetric: false, visible: drawn, color, thickness: 1.2, width: 3,
    array: values.map((v, i) => (v === null ? null : (high[i] ?? v) - v)),
    arrayminus: values.map((v, i) => (v === null ? null : v - (low[i] ?? v))),
  },
});

/** What is under the pointer in numbers, as d3 writes them by `format`: a value and its interval. @param {string} format */
const within = (format) => `<br>%{y:${format}} (95 % interval %{customdata[0]:${format}} to %{customdata[1]:${format}})<extra></extra>`;

/**
 * What an axis shows: all values with some air, of shares no more than there can be.
 * @param {{values: (number|null)[]}[]} lines
 * @param {boolean} share
 * @returns {[number, number]}
 */
function rangeOf(lines, share) {
  const all = lines.flatMap(({ values }) => values).filter((v) => v !== null);
  const [least, most] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
  const air = share ? Math.max(0.06 * (most - least), 0.04 - (most - least) / 2) : 0.06 * (most - least || 0.1);
  return share ? [Math.max(-0.02, least - air), Math.min(1.02, most + air)] : [least - air, most + air];
}

/**
 * A name at the end of each line, moved apart where lines end together.
 * @param {{short: string, values: (number|null)[], chosen: boolean}[]} lines
 * @param {[number, number]} range of the axis
 * @param {Inks} ink
 */
function endLabels(lines, range, ink) {
  const there = lines.flatMap((line) => {
    const y = line.values.at(-1) ?? null;
    return y === null ? [] : [{ line, y }];
  });
  const places = spread(there.map(({ y }) => y), 0.095 * (range[1] - range[0]), range);
  const ends = there.map(({ line }, i) => ({ line, y: places[i] }));
  return ends.map(({ line, y }) => ({
    x: line.values.length - 1,
    y,
    text: plain(line.short),
    xanchor: "left",
    xshift: 7,
    showarrow: false,
    font: { color: line.chosen ? ink.ink : ink.soft, size: 11 },
  }));
}

/**
 * Shares of one over layers, a line each; what has one value for all layers lies straight across.
 * @param {HTMLElement} element
 * @param {{names: string[][], lines: {says: string, values: (number|null)[], low: (number|null)[],
 *   high: (number|null)[], colour: string, symbol: string|null, dash: string}[], right: number}} what
 *   `names` of each layer, one or one a run; `right`: pixels that are left free beside the lines
 * @param {(line: number) => void} pointed is told the line under the pointer, or -1
 * @returns {Promise<number[]>} where each line ends, pixels from the top
 */
export async function layerLines(element, what, pointed) {
  const ink = inks(element);
  const ticks = what.names.map((_, i) => i);
  const traces = what.lines.map((line) => ({
    type: "scatter",
    mode: line.symbol ? "lines+markers" : "lines",
    name: plain(line.says),
    x: ticks,
    y: line.values,
    line: { color: line.colour, width: line.symbol ? 2 : 1.8, dash: line.dash },
    marker: { size: 8, color: line.colour, symbol: line.symbol ?? "circle" },
    ...interval(line.values, line.low, line.high, line.colour, true),
    text: what.names.map((names) => plain(names.join(" / "))),
    hovertemplate: `${plain(line.says)}, %{text}${within(".1%")}`,
  }));
  const range = rangeOf(what.lines, true);
  const margin = { l: 38, r: what.right, t: 8, b: what.names.some((names) => names.length > 1) ? 38 : 22 };
  const layout = chartLayout(element, ink, {
    hovermode: "closest",
    margin,
    xaxis: {
      tickvals: ticks, ticktext: what.names.map((names) => names.map((name) => plain(tail(name))).join("<br>")),
      showgrid: false, range: [-0.15, ticks.length - 0.93],
    },
    yaxis: { ...shareTicks(...range), range },
  });
  await chart(element, traces, layout, pointed);
  const share = (/** @type {number} */ value) => (range[1] - value) / (range[1] - range[0]);
  const room = layout.height - margin.t - margin.b;
  return what.lines.map(({ values }) => margin.t + room * share(values.filter((v) => v !== null).at(-1) ?? range[0]));
}
