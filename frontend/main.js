// Puts the page together: the stores, then one element a panel.

import * as api from "./api.js";
import { alikecard } from "./panels/alikecard.js";
import { carry } from "./panels/carry.js";
import { chosen } from "./panels/chosen.js";
import { createAtlas } from "./atlas.js";
import { createBeside } from "./beside.js";
import { createExample } from "./example.js";
import { createRuns } from "./runs.js";
import { createScene } from "./scene.js";
import { createState } from "./state.js";
import { createTheme } from "./theme.js";
import { createTip } from "./tip.js";
import { createUndo } from "./undo.js";
import { epochs } from "./panels/epochs.js";
import { examplecard } from "./panels/examplecard.js";
import { gallery } from "./panels/gallery.js";
import { h } from "./dom.js";
import { header } from "./panels/header.js";
import { imagecard } from "./panels/imagecard.js";
import { images } from "./panels/images.js";
import { keys } from "./panels/keys.js";
import { layercard } from "./panels/layercard.js";
import { learning } from "./panels/learning.js";
import { legend } from "./panels/legend.js";
import { likeness } from "./panels/likeness.js";
import { listenToKeys } from "./keyboard.js";
import { map } from "./panels/map.js";
import { matched } from "./panels/matched.js";
import { mixup } from "./panels/mixup.js";
import { neurons } from "./panels/neurons.js";
import { newrun } from "./panels/newrun.js";
import { pair } from "./panels/pair.js";
import { prefetch } from "./prefetch.js";
import { predictioncard } from "./panels/predictioncard.js";
import { probes } from "./panels/probes.js";
import { rules } from "./panels/rules.js";
import { search } from "./panels/search.js";
import { separators } from "./panels/separators.js";
import { standalone } from "./standalone.js";
import { silence } from "./panels/silence.js";
import { stage } from "./panels/stage.js";
import { strip } from "./panels/strip.js";
import { twomaps } from "./panels/twomaps.js";
import { undoing } from "./panels/undoing.js";
import { unitcard } from "./panels/unitcard.js";
import { versus } from "./panels/versus.js";

const state = createState(window);
const theme = createTheme();
const runs = createRuns();
const scene = createScene(state, runs, theme);
const atlas = createAtlas();
const tip = createTip(scene, atlas, theme);

/** @type {import("./types.js").Page} */
const page = {
  state, api, scene, runs, atlas, theme, tip, example: createExample(scene), undo: createUndo(state),
  beside: createBeside(state, runs, scene),
};
const time = epochs(page);
const find = search(page);

document.body.append(
  h("a", { class: "skip", href: "#main", onclick: skip }, "Skip to the maps"),
  header(page, find.element),
  gallery(page),
  h("main", { class: "main", id: "main", tabindex: -1 }, strip(page, prefetch(page)), stage(page, {
    map: [map(page), legend(page)],
    units: [neurons(page)],
    probes: [probes(page, mixup(page))],
    learning: [learning(page)],
    compare: [h("div", { class: "compare", id: "compare" }, versus(page), likeness(page), twomaps(page), matched(page), pair(page), rules(page))],
  })),
  h("aside", { class: "detail", "aria-label": "Details" }, separators(page), imagecard(page), unitcard(page), alikecard(page), predictioncard(page), layercard(page), examplecard(page)),
  h("footer", { class: "footer" }, time.element, undoing(page), chosen(page)),
  ...(standalone ? [] : [newrun(page), images(page)]),
  carry(page),
  keys(page),
  silence(page),
  tip.element,
);

/** The address tells what is shown, so the link moves the focus alone. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

document.body.classList.toggle("standalone", standalone);
const showRuns = () => document.body.classList.toggle("runs-open", state.now.dialog === "runs");
state.on(["dialog"], showRuns);
showRuns();
listenToKeys(page, { ...time, find: find.focus });
// What another tab or a terminal has done meanwhile is seen on coming back.
document.addEventListener("visibilitychange", () => document.hidden || void runs.refresh());
void runs.refresh();
