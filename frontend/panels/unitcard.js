// One unit: what it prefers, the patches that excite it, and how often it answers.

import { asText } from "../marks/astext.js";
import { classMark } from "../palette.js";
import { classRows } from "../marks/classbars.js";
import { bringIntoSight } from "../sight.js";
import { createDefinitions } from "../marks/definitions.js";
import { count, decimal, percent, shortLayer } from "../text.js";
import { fill, h } from "../dom.js";
import { gratings, gratingTable } from "../marks/gratings.js";
import { roving } from "../roving.js";
import { histogram } from "../marks/histogram.js";
import { filterOf, ordered, orderName, possible, spread, stepped } from "../units.js";
import { patchTile } from "../marks/patchtile.js";
import { percentile } from "../arrays.js";
import { segments } from "../marks/segments.js";
import { swatch } from "../marks/swatch.js";

const GROUPS = /** @type {const} */ ([
  ["top", "Top patches", "the strongest, one an image"],
  ["middle", "Middle", "around the median"],
  ["random", "Random", "any patch"],
  ["least", "Least", "the weakest"],
]);

/** @param {import("../types.js").Page} page */
export function unitcard({ state, scene, theme, tip }) {
  const element = h("section", { class: "card unit-card", id: "unit", "aria-label": "Unit", hidden: true });
  const words = asText("Responses");
  const tuningText = asText("Responses to gratings");
  const definitions = createDefinitions();

  function draw() {
    const number = state.now.unit;
    element.hidden = number === null || !scene.layers;
    if (number === null || !scene.layers) return fill(element);
    const { layers } = scene;
    const { unit, unitError } = scene.focus;
    const title = ["Unit ", h("span", { class: "as-is" }, shortLayer(scene.layerName(state.now.layer))), ` / ${number}`];
    if (!unit) {
      const rest = unitError
        ? h("p", { class: "notice bad" }, unitError.message)
        : [h("div", { class: "bone" }), h("div", { class: "bone short" }), h("div", { class: "bone tall" })];
      return fill(element, head(title), rest);
    }
    element.dataset.unit = `${unit.layer}/${unit.unit}`;
    fill(
      element,
      head(title),
      walk(),
      facts(unit, layers.classes),
      choices(),
      unit.silent
        ? h("p", { class: "notice" }, "This unit is silent: it answers to no patch of these images.")
        : patches(unit, layers),
      unit.dprime ? preferences(unit, layers) : null,
      unit.layer > 0 ? tuned(unit) : null,
      responses(unit),
      definitions(["selectivity", "tuning", "maximizers", "activity"].map((name) => unit.definitions[name])),
    );
  }

  /** @param {import("../dom.js").Child[]} title */
  function head(title) {
    return h(
      "div",
      { class: "card-head" },
      h("h2", {}, title),
      h("span", { class: "gap" }),
      h("button", { class: "quiet", title: "Close (Esc)", onclick: () => state.set({ unit: null, colour: "class" }) }, "Close"),
    );
  }

  /** Where the unit stands in the order of the grid, and the way to its neighbours there. */
  function walk() {
    const { units } = scene.focus;
    if (!units) return null;
    const { sort, unit } = state.now;
    const only = filterOf(units, state.now.only);
    const order = ordered(units, sort, only);
    const place = order.indexOf(unit ?? -1) + 1;
    const of = only === null ? "" : ` that prefer ${units.classes[only]}`;
    const says = place ? `${count(place)} of ${count(order.length)}${of} by ${orderName(units, possible(units, sort))}` : `not among those${of}`;
    return h(
      "div",
      { class: "between walk" },
      h("button", { class: "quiet", title: "Previous in the grid (←)", disabled: place === 1, onclick: () => step(-1) }, "‹ Prev"),
      h("span", { class: "soft small" }, says),
      h("button", { class: "quiet", title: "Next in the grid (→)", disabled: place === order.length, onclick: () => step(1) }, "Next ›"),
    );
  }

  /** @param {number} by */
  function step(by) {
    if (!scene.focus.units) return;
    const { sort, only, unit } = state.now;
    const next = stepped(ordered(scene.focus.units, sort, only), unit, by);
    if (next !== null) state.set({ unit: next }, { quietly: true });
  }

  /** @param {import("../types.js").Unit} unit @param {string[]} classes */
  function facts(unit, classes) {
    const best = unit.best_class;
    const preferred = best === null || best < 0 || !unit.dprime || unit.silent
      ? null
      : [h("dt", {}, "prefers"), h("dd", {}, swatch(classMark(best, theme.tone)), classes[best]),
        h("dt", {}, "d′ of that class"), h("dd", {}, decimal(unit.dprime[best]), unit.shuffled && h("span", {
          class: "soft null",
          title: "What 95 % of 200 deals of shuffled labels stay below, each in its own best class",
        }, `(null ≤ ${decimal(unit.shuffled.best)})`))];
    return h(
      "dl",
      { class: "facts" },
      preferred,
      h("dt", { title: "Lifetime sparseness over images: 0 answers to all alike, 1 to one alone" }, "sparseness"),
      h("dd", {}, decimal(unit.sparseness)),
      h("dt", { title: "Share of patches with a response above zero" }, "active patches"),
      h("dd", {}, unit.silent ? "none: silent" : percent(unit.active)),
      h("dt", {}, "mean, largest response"),
      h("dd", {}, `${decimal(unit.mean)}, ${decimal(unit.maximum)}`),
      changed(unit),
    );
  }

  /** How far its responses have moved since the first analysed epoch. @param {import("../types.js").Unit} unit */
  function changed(unit) {
    const { units } = scene.focus;
    if (!units?.change || units.layer !== unit.layer || units.epoch !== unit.epoch) return null;
    return [h("dt", { title: units.definitions.change }, `change since epoch ${units.change_from}`), h("dd", {}, decimal(units.change[unit.unit]))];
  }

  /** Whether the maps show this unit or the classes, and how patches are shown. */
  function choices() {
    const { colour, patches: look } = state.now;
    return h("div", { class: "choices" },
      h("span", { class: "soft" }, "map colour"),
      segments("Map colour", [["unit", "this unit"], ["class", "class"]], colour, (word) => state.set({ colour: word })),
      h("span", { class: "soft" }, "patches"),
      segments("Patches", [["framed", "in the image"], ["close", "close"]], look, (word) => state.set({ patches: word })));
  }

  /** @param {import("../types.js").Unit} unit @param {import("../types.js").Layers} layers */
  function patches(unit, layers) {
    const close = state.now.patches === "close";
    return GROUPS.map(([group, title, says]) => {
      const list = unit.patches[group];
      if (!list.length) return null;
      return h(
        "div",
        { class: "block", "data-patches": group },
        h("h3", {}, title, " ", h("span", { class: "soft" }, says)),
        h("div", { class: "patches" }, list.map((patch) => {
          const place = scene.place(patch.image);
          const name = place < 0 ? "" : `${scene.className(place)}, `;
          return patchTile(layers, unit.layer, patch, close, {
            side: 64,
            says: `${name}image ${patch.image}, row ${patch.row}, column ${patch.column}: response ${decimal(patch.value)}`,
            onclick: () => state.set({ image: patch.image }),
            onpoint: (on) => tip.ring(on ? place : -1),
          });
        })),
      );
    });
  }

  /** @param {import("../types.js").Unit} unit @param {import("../types.js").Layers} layers */
  function preferences(unit, layers) {
    return h("div", { class: "block" },
      h("h3", {}, "d′ by class ", h("span", { class: "soft" }, unit.shuffled ? "grey: 95 % of shuffled labels" : "against all others")),
      classRows(layers.classes, unit.dprime ?? [], theme.tone, unit.shuffled),
      chance(unit));
  }

  /** Whether the best d' is more than chance, in words. @param {import("../types.js").Unit} unit */
  function chance({ shuffled, best_class: best, dprime, silent }) {
    if (!shuffled) return h("p", { class: "hint soft" }, "Analysed without shuffled labels. ", analyse(), " adds them where features are kept.");
    if (silent) return null;
    if (best !== null && best >= 0 && dprime && dprime[best] > shuffled.best) return null;
    return h("p", { class: "hint soft", id: "by-chance" }, "No class is told apart better than shuffled labels are.");
  }

  const analyse = () => h("code", {}, `saccade analyse ${scene.layers?.run ?? "RUN"}`);

  /** @param {import("../types.js").Unit} unit */
  function tuned({ tuning }) {
    const title = h("h3", {}, "Gratings ", h("span", { class: "soft" }, "by orientation and frequency"));
    if (!tuning) {
      return h("div", { class: "block", id: "gratings" }, title,
        h("p", { class: "hint soft" }, "This checkpoint was analysed without gratings. ",
          analyse(), " adds them."));
    }
    tuningText.show(() => gratingTable(tuning));
    return h("div", { class: "block", id: "gratings" }, title, gratings(tuning), tuningText.element);
  }

  /** @param {import("../types.js").Unit} unit */
  function responses(unit) {
    const { image } = state.now;
    const place = image === null ? -1 : scene.place(image);
    const answer = place < 0 ? null : unit.responses[place];
    const { all, zeros, edges, counts } = spread(unit);
    const none = zeros ? `${count(zeros)} of ${count(all)} patches, ${percent(zeros / all)}, answer with exactly 0` : "";
    words.show(() => ({
      says: `${none && `${none}. `}${count(all - zeros)} ${none ? "other " : ""}responses from ${decimal(edges[0])} to ${decimal(edges[edges.length - 1])}.`,
      columns: [{ says: "response from", written: decimal }, { says: "to", written: decimal }, { says: "patches", written: count }],
      rows: [...(none ? [[0, 0, zeros]] : []), ...counts.map((n, i) => [edges[i], edges[i + 1], n])],
    }));
    const rank = answer === null ? "of all patches" : `of all patches; the pinned image's mean is above ${percent(percentile(unit.responses, answer), 0)} of images`;
    return h("div", { class: "block" },
      h("h3", {}, "Responses ", h("span", { class: "soft" }, rank)),
      none && h("p", { class: "soft small", id: "zeros" }, `${none}${zeros < all ? `; the bars are of the other ${count(all - zeros)}` : ""}.`),
      histogram({ edges, counts }, answer), words.element);
  }

  scene.on(["maps", "unit", "units"], draw);
  state.on(["unit", "layer", "patches", "image", "colour", "sort", "only"], draw);
  state.on(["unit"], () => {
    if (state.now.unit !== null) bringIntoSight(element);
  });
  theme.on(draw);
  roving(element, ".patch");
  return element;
}
