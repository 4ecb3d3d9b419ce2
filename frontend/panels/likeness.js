// How alike the layers of two checkpoints are: CKA of each with each, as a table in colours.

import { createComparing } from "../comparing.js";
import { decimal } from "../text.js";
import { fill, h } from "../dom.js";
import { inkOn, likenessSentence } from "../versus.js";
import { ramp } from "../palette.js";
import { roving } from "../roving.js";

/** @typedef {import("../types.js").Similarities} Similarities */

/** @param {import("../types.js").Both} page */
export function likeness({ state, scene, runs, api, theme, beside }) {
  const says = h("p", { class: "small" });
  const matrix = h("div", { class: "matrix-scroll" });
  const key = h("div", { class: "chart-key small" });
  const words = h("p", { class: "soft small" });
  const notice = h("p", { class: "notice" });
  const body = h("div", { class: "cka-parts" }, matrix, h("div", { class: "cka-words" }, key, says, words));
  const element = h("section", { "aria-label": "Similarity of layers", id: "likeness", hidden: true },
    h("h3", {}, "Similarity of layers, CKA"), notice, body);
  /** @type {Similarities|null} */
  let told = null;
  /** @type {Similarities|null} what the table says */
  let drawn = null;
  const comparing = createComparing(load);
  roving(matrix, ".cka-cell");

  function load() {
    if (state.now.tab !== "compare") return;
    const [goal, other] = [scene.target(), beside.target()];
    element.hidden = !goal || !other;
    if (!goal || !other) return;
    const question = () => api.similarity({ run: goal.run.id, epoch: goal.epoch }, other);
    const asked = comparing.ask(`${goal.stamp} ${other.stamp}`, question, (found, error) => {
      told = found;
      fill(notice, error?.message ?? found?.reason ?? "");
      element.classList.remove("stale");
      draw();
    });
    if (asked) element.classList.add("stale");
    else if (told !== drawn) draw();
    else mark();
  }

  /** @param {Similarities} of */
  const rowsOf = (of) => `${runs.get(of.run)?.name ?? of.run}, epoch ${of.epoch}`;
  /** @param {Similarities} of */
  const columnsOf = (of) => `${runs.get(of.versus)?.name ?? of.versus}, epoch ${of.versus_epoch}`;

  function draw() {
    body.hidden = !told?.cells.length;
    if (!told?.cells.length || state.now.tab !== "compare") return;
    const reply = (drawn = told);
    fill(matrix, h(
      "table",
      { class: "cka", "aria-label": `CKA of the layers of ${rowsOf(told)} (rows) and of ${columnsOf(told)} (columns)` },
      h("thead", {},
        h("tr", {}, h("td", {}), h("th", { colspan: told.columns.length, scope: "colgroup" }, columnsOf(told))),
        h("tr", {}, h("th", { scope: "col", class: "corner" }, rowsOf(told)), told.columns.map((name) => h("th", { scope: "col", title: name }, h("bdi", {}, name))))),
      h("tbody", {}, told.cells.map((row, i) => h(
        "tr",
        {},
        h("th", { scope: "row", title: reply.rows[i] }, h("bdi", {}, reply.rows[i])),
        row.map((cell, j) => h("td", {}, button(reply, cell, i, j))),
      ))),
    ));
    const steps = [0, 0.25, 0.5, 0.75, 1];
    fill(key, h("span", {}, "0"), h("i", { class: "ramp wide", style: { background: `linear-gradient(90deg, ${steps.map((s) => ramp(s, theme.tone)).join(",")})` } }), h("span", {}, "1: alike"));
    fill(says, likenessSentence(told), " A click on a cell opens the maps of its two layers.");
    fill(words, told.definition);
    mark();
  }

  /** @param {Similarities} of @param {{value: number|null, reason: string|null}} cell @param {number} i @param {number} j */
  function button(of, { value, reason }, i, j) {
    const pair = `${of.rows[i]} and ${of.columns[j]}`;
    const colour = ramp(value ?? 0, theme.tone);
    return h("button", {
      class: "cka-cell", "data-row": i, "data-column": j,
      title: value === null ? `${pair}: ${reason}` : `${pair}: ${decimal(value, 3)}`,
      "aria-label": value === null ? `${pair}: none, ${reason}` : `${pair}: ${decimal(value, 3)}`,
      style: value === null ? {} : { background: colour, color: inkOn(colour) },
      onclick: () => state.set({ layer: i + 1, versus_layer: j + 1 }),
    }, value === null ? "–" : decimal(value));
  }

  function mark() {
    for (const cell of matrix.querySelectorAll(".cka-cell")) {
      const { row, column } = /** @type {HTMLElement} */ (cell).dataset;
      const on = Number(row) + 1 === state.now.layer && Number(column) + 1 === beside.layer;
      cell.classList.toggle("on", on);
      cell.setAttribute("aria-current", `${on}`);
    }
  }

  theme.on(draw);
  runs.on(load);
  scene.on(["maps"], load);
  beside.on(load);
  state.on(["tab", "versus", "versus_epoch", "versus_layer", "layer"], load);
  load();
  return element;
}
