// All units of a layer as tiles: best patch and which classes it tells apart.

import { count, counted, decimal, percent } from "../text.js";
import { isThere, ordered, orderName, ORDERS, possible } from "../units.js";
import { silent, usualMost } from "../figures.js";
import { fill, h, refill } from "../dom.js";
import { longGrid } from "../longgrid.js";
import { roving } from "../roving.js";
import { unitFace, unitName, unitSentence } from "../marks/unitface.js";

/** @param {import("../types.js").Page} page */
export function neurons({ state, scene, theme, tip }) {
  const toolbar = h("div", { class: "toolbar" });
  const grid = h("div", { class: "tiles", role: "listbox", "aria-label": "Units" });
  const says = h("div", { class: "soft small says" });
  const element = h("div", { class: "neurons", id: "neurons" }, toolbar, grid, says);
  let most = 1;

  const tiles = longGrid(grid, plain, dress);

  /** A tile with no more than its number. @param {number} unit */
  function plain(unit) {
    const units = /** @type {import("../types.js").Units} */ (scene.focus.units);
    const on = unit === state.now.unit;
    return h("button", {
      class: on ? "tile on" : "tile",
      role: "option",
      id: `unit-${unit}`,
      "data-unit": unit,
      "aria-label": unitSentence(units, unit),
      "aria-selected": `${on}`,
      onclick: () => state.set({ unit, colour: "unit" }),
      onpointerenter: () => tip.ring(scene.place(units.top.image[unit])),
      onpointerleave: () => tip.ring(-1),
    }, h("span", { class: "tile-picture" }), h("span", { class: "columns" }), unitName(unit, value(units, unit)));
  }

  /** Give a tile its picture and columns. @param {HTMLElement} tile @param {number} unit */
  function dress(tile, unit) {
    const { layers } = scene;
    const { units } = scene.focus;
    if (!units || !layers) return;
    fill(tile, unitFace(layers, units, unit, value(units, unit), most, theme.tone));
  }

  /** The number the grid is sorted by. @param {import("../types.js").Units} units @param {number} unit */
  function value(units, unit) {
    const sort = possible(units, state.now.sort);
    if (sort === "number") return "";
    const number = ORDERS[sort].of(units, unit);
    return sort === "active" ? percent(number, 0) : decimal(number, 2);
  }

  function draw() {
    if (state.now.tab !== "units") return;
    const { units, unitsError } = scene.focus;
    grid.classList.toggle("loading", !units && !unitsError);
    if (!units) {
      fill(toolbar);
      fill(says);
      return tiles.instead(...(unitsError
        ? [h("p", { class: "notice bad" }, unitsError.message)]
        : Array.from({ length: 40 }, () => h("div", { class: "tile bone" }))));
    }
    most = usualMost(units);
    drawToolbar(units);
    const order = ordered(units, state.now.sort, state.now.only);
    if (order.length) tiles.show(order);
    else tiles.instead(h("p", { class: "notice" }, "No unit of this layer likes that class best."));
    fill(says, story(units, order));
    if (state.now.unit !== null) tiles.reveal(state.now.unit);
  }

  /** @param {import("../types.js").Units} units @param {number[]} order */
  function story(units, order) {
    const told = order.length === units.units ? counted(units.units, "unit") : `${count(order.length)} of ${counted(units.units, "unit")}`;
    const tile = "A tile shows the unit's strongest patch, its d′ for each class, its number and what is sorted by.";
    return [h("p", {}, `${told}, ${count(silent(units))} silent. ${tile}`), h("details", { class: "definitions" },
      h("summary", {}, "How these are measured"), ["selectivity", "tuning", "change"].map((word) => units.definitions[word] && h("p", {}, units.definitions[word])))];
  }

  /** @param {import("../types.js").Units} units */
  function drawToolbar(units) {
    const { only, unit } = state.now;
    const sort = possible(units, state.now.sort);
    const like = sort === "alike" ? units.alike?.unit ?? null : unit;
    const words = /** @type {import("../units.js").Order[]} */ (Object.keys(ORDERS));
    refill(
      toolbar,
      h("label", {}, h("span", { class: "soft" }, "Sort by"),
        h("select", {
          id: "sort",
          onchange: (/** @type {Event} */ e) => state.set({ sort: /** @type {any} */ (e.target).value, like }),
        }, words.filter((word) => (word === "alike" ? like !== null : isThere(units, word)))
          .map((word) => h("option", { value: word, selected: word === sort }, orderName(units, word, like))))),
      units.best_class && h("label", {}, h("span", { class: "soft" }, "Prefers"),
        h("select", {
          id: "only",
          onchange: (/** @type {Event} */ e) => {
            const { value } = /** @type {HTMLSelectElement} */ (e.target);
            state.set({ only: value === "" ? null : Number(value) });
          },
        }, h("option", { value: "", selected: only === null }, "any class"),
        units.classes.map((name, i) => h("option", { value: i, selected: only === i }, name)))),
      h("span", { class: "soft gap-left" }, `${counted(units.units, "unit")} · ${count(silent(units))} silent`),
    );
  }

  function mark() {
    for (const [unit, tile] of tiles.tiles) {
      const on = unit === state.now.unit;
      if (tile.classList.contains("on") !== on) tile.classList.toggle("on", on);
      tile.setAttribute("aria-selected", `${on}`);
    }
    if (state.now.unit !== null) tiles.reveal(state.now.unit);
  }

  scene.on(["units", "maps"], draw);
  state.on(["tab", "sort", "only"], draw);
  state.on(["layer"], () => scene.focus.units || draw());
  state.on(["unit"], () => {
    mark();
    if (scene.focus.units && tiles.tiles.size) drawToolbar(scene.focus.units);
  });
  theme.on(draw);
  grid.addEventListener("keydown", (event) => {
    if (!tiles.tiles.size || !["Home", "End"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    state.set({ unit: tiles.end(event.key === "Home"), colour: "unit" }, { quietly: true });
  });
  roving(grid, ".tile[data-unit]", (tile) => state.set({ unit: Number(tile.dataset.unit), colour: "unit" }, { quietly: true }));
  return element;
}
