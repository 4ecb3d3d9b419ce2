// What can be carried away: pictures, tables, the selected images, the whole run.

import { carried } from "../marks/carried.js";
import { commandLine } from "../marks/commandline.js";
import { count, counted, mapCaption } from "../text.js";
import { csv } from "../table.js";
import { fileName, painted, save } from "../saving.js";
import { fill, h } from "../dom.js";
import { home, ranges } from "../plane.js";
import { inks } from "../charts.js";
import { mapKey } from "../mapkey.js";
import { mapSvg } from "../mapsvg.js";
import { picture } from "../plot.js";
import { NEEDS_SERVER, standalone } from "../standalone.js";
import { sheet } from "../marks/sheet.js";

const SIZE = { width: 900, height: 680 };
const MOST_IMAGES = 2000; // the server takes no more

/** @param {import("../types.js").Page} page */
export function carry({ state, scene, runs, theme, api }) {
  const body = h("div", { class: "carry" });
  const told = h("p", { class: "small", role: "status" });
  const element = sheet({ state }, {
    word: "export",
    id: "export",
    title: "Export",
    opened() {
      draw();
      told.textContent = "";
    },
  }, body, told);

  /** Make a file and save it; what went wrong is said in place. @param {string} name @param {() => Blob|Promise<Blob>} make */
  async function make(name, make) {
    told.className = "small soft";
    told.textContent = `Makes ${name}.`;
    try {
      save(await make(), name);
      told.textContent = `Saved ${name}.`;
    } catch (error) {
      told.className = "notice bad";
      told.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** @param {string} kind @param {string} what @param {boolean} [ofLayer] */
  function named(kind, what, ofLayer = false) {
    const { run = "", epoch = 0 } = scene.layers ?? {};
    return fileName(kind, run, ...(ofLayer ? [scene.layerName(state.now.layer)] : []), "epoch", epoch, what);
  }

  /** The large map as it is shown: its view, colours, hidden classes and selection. */
  function drawing() {
    const { layers } = scene;
    if (!layers) return "";
    const points = scene.maps[state.now.layer];
    const colours = inks(document.body);
    const run = runs.get(layers.run)?.name ?? layers.run;
    const { colouring } = scene.tint;
    const of = colouring ? ` · coloured by ${colouring.title}` : "";
    const caption = mapCaption(points.parameters ?? layers.parameters.embedding, points.kept_neighbours);
    return mapSvg({
      ...SIZE, points, ranges: ranges(state.now.view ?? home(points, SIZE), SIZE),
      groups: scene.groups, selected: scene.selected, chosen: state.now.selection.length > 0,
      size: points.x.length > 3000 ? 4 : 6.5,
      title: `${run} · ${scene.layerName(state.now.layer)} · epoch ${layers.epoch}${of}`,
      caption: `${caption} · ${counted(layers.ids.length, "image")} of ${layers.dataset}, ${layers.split}`,
      ink: colours.ink, soft: colours.soft, surface: colours.surface,
      legend: mapKey({
        classes: layers.classes, colouring, off: colouring ? state.now.off : state.now.hidden, tone: theme.tone, soft: colours.soft,
      }),
    });
  }

  function charts() {
    const found = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".tab-body:not([hidden]) .js-plotly-plot"));
    return [...found].filter((chart) => chart.clientWidth > 0);
  }

  /** @param {HTMLElement} chart @param {number} i */
  const titled = (chart, i) => chart.closest(":has(> h2), :has(> h3)")?.querySelector(":scope > h2, :scope > h3")?.textContent || `Chart ${i + 1}`;

  function draw() {
    const { layers } = scene;
    if (!layers) return fill(body, h("p", { class: "notice" }, "There is nothing to export until a checkpoint is analysed."));
    const { run, epoch } = layers;
    const { selection } = state.now;
    const whole = scene.target()?.whole;
    const ground = inks(document.body).surface;
    const table = (/** @type {string} */ name) => () => make(named(name.split(".")[1], name.split(".")[0]), () => api.table(run, name, epoch));
    fill(
      body,
      h("h3", {}, "Pictures"),
      !layers.layers[state.now.layer].missing.includes("embedding") && carried(`Map of ${scene.layerName(state.now.layer)}`, "as it is shown now: view, colours, hidden classes, selection", [
        ["SVG", () => make(named("svg", "map", true), () => new Blob([drawing()], { type: "image/svg+xml" }))],
        ["PNG", () => make(named("png", "map", true), () => painted(drawing(), 2))],
      ]),
      charts().map((chart, i) => carried(titled(chart, i), "a chart of this tab", /** @type {("svg"|"png")[]} */ (["svg", "png"]).map((kind) =>
        [kind.toUpperCase(), () => make(named(kind, titled(chart, i)), () => picture(chart, kind, ground))]))),
      h("h3", {}, "Tables"),
      !whole ? h("p", { class: "soft small" }, `Tables can be saved as soon as epoch ${epoch} is analysed to its end.`) : [
        carried("Coordinates", `of ${counted(layers.ids.length, "image")} on all maps at epoch ${epoch}, with classes`, [["CSV", table("coordinates.csv")], ["NPZ", table("coordinates.npz")]]),
        carried("Units", "of all layers: best class, d′, sparseness, activity", [["CSV", table("units.csv")]]),
        carried("Probes", "accuracy by layer and epoch, with its interval", [["CSV", table("probes.csv")]]),
      ],
      h("h3", {}, "Selected images"),
      selection.length ? [
        carried("Ids", `and classes of ${counted(selection.length, "image")}`, [["CSV", () => make(named("csv", "selection"), ids)]]),
        standalone ? h("p", { class: "soft small" }, `The images themselves: ${NEEDS_SERVER}.`)
          : selection.length > MOST_IMAGES ? h("p", { class: "soft small" }, `Images go into a folder up to ${count(MOST_IMAGES)} at once; select fewer.`)
            : carried("Images", "as they are stored, a folder a class, with a list", [["ZIP", () => make(named("zip", "selection"), () => api.album(run, epoch, selection))]]),
      ] : h("p", { class: "soft small" }, "None are selected. Draw around points in any map."),
      standalone ? null : [
        h("h3", {}, "The whole run"),
        h("p", { class: "soft small" }, "One HTML file with this page, every map, unit and image; it opens anywhere, without a server:"),
        commandLine(`saccade export ${run} --html ${run}.html`),
      ],
    );
  }

  function ids() {
    const rows = state.now.selection.map((id) => [id, scene.className(scene.place(id))]);
    return new Blob([csv([{ says: "image" }, { says: "class" }], rows)], { type: "text/csv" });
  }

  scene.on(["maps", "selection", "paint"], () => element.open && draw());
  return element;
}
