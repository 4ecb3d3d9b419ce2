// All units of a layer as tiles: best patch and which classes it tells apart.

import { count, counted, decimal, percent } from "../text.js";
import { isThere, ordered, orderName, ORDERS, possible, silent, usualMost } from "../units.js";
import { fill, h } from "../dom.js";
import { roving } from "../roving.js";
import { unitFace, unitSentence } from "../marks/unitface.js";

/** @param {import("../types.js").Page} page */
export function neurons({ state, scene, theme, tip }) {
  const toolbar = h("div", { class: "toolbar" });
  const grid = h("div", { class: "tiles", role: "listbox", "aria-label": "Units" });
  const says = h("div", { class: "soft small says" });
  const element = h("div", { class: "neurons", id: "neurons" }, toolbar, grid, says);
  /** @type {Map<Element, number>} */
  let tiles = new Map();
  let most = 1;

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      dress(/** @type {HTMLElement} */ (entry.target));
    }
  }, { root: grid, rootMargin: "160px" });

  /** Give a tile its picture and columns once it comes into view. @param {HTMLElement} tile */
  function dress(tile) {
    const { layers } = scene;
    const { units } = scene.focus;
    const unit = tiles.get(tile);
    if (!units || !layers || unit === undefined) return;
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
    watcher.disconnect();
    tiles = new Map();
    grid.classList.toggle("loading", !units && !unitsError);
    if (!units) {
      fill(toolbar);
      fill(says);
      return fill(grid, unitsError
        ? h("p", { class: "notice bad" }, unitsError.message)
        : Array.from({ length: 40 }, () => h("div", { class: "tile bone" })));
    }
    most = usualMost(units);
    drawToolbar(units);
    const order = ordered(units, state.now.sort, state.now.only);
    const list = order.map((unit) => {
      const tile = h("button", {
        type: "button",
        class: "tile",
        role: "option",
        id: `unit-${unit}`,
        "data-unit": unit,
        "aria-label": unitSentence(units, unit),
        onclick: () => state.set({ unit, colour: "unit" }),
        onpointerenter: () => tip.ring(scene.place(units.top.image[unit])),
        onpointerleave: () => tip.ring(-1),
      });
      tiles.set(tile, unit);
      return tile;
    });
    fill(grid, list.length ? list : h("p", { class: "notice" }, "No unit of this layer likes that class best."));
    for (const tile of list) watcher.observe(tile);
    fill(says, story(units, order));
    mark();
  }

  /** @param {import("../types.js").Units} units @param {number[]} order */
  function story(units, order) {
    const told = order.length === units.units ? counted(units.units, "unit") : `${count(order.length)} of ${counted(units.units, "unit")}`;
    const tile = "A tile shows the unit's strongest patch, its d′ for each class, its number and what is sorted by.";
    return [h("p", {}, `${told}, ${count(silent(units))} silent. ${tile}`), h("details", { class: "definitions" },
      h("summary", {}, "How these are measured"), ["selectivity", "change"].map((word) => units.definitions[word] && h("p", {}, units.definitions[word])))];
  }

  /** @param {import("../types.js").Units} units */
  function drawToolbar(units) {
    const { only, unit } = state.now;
    const sort = possible(units, state.now.sort);
    const like = sort === "alike" ? units.alike?.unit ?? null : unit;
    const words = /** @type {import("../units.js").Order[]} */ (Object.keys(ORDERS));
    fill(
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
    for (const [tile, unit] of tiles) {
      const on = unit === state.now.unit;
      if (tile.classList.contains("on") !== on) tile.classList.toggle("on", on);
      tile.setAttribute("aria-selected", `${on}`);
      if (on) tile.scrollIntoView({ block: "nearest" });
    }
  }

  scene.on(["units", "maps"], draw);
  state.on(["tab", "sort", "only"], draw);
  state.on(["layer"], () => scene.focus.units || draw());
  state.on(["unit"], () => {
    mark();
    if (scene.focus.units && tiles.size) drawToolbar(scene.focus.units);
  });
  theme.on(draw);
  roving(grid, ".tile[data-unit]", (tile) => state.set({ unit: tiles.get(tile) ?? null, colour: "unit" }, { quietly: true }));
  return element;
}
