// Puts the page together: the stores, then one element a panel.

import * as api from "./api.js";
import { createAtlas } from "./atlas.js";
import { createExample } from "./example.js";
import { createRuns } from "./runs.js";
import { createScene } from "./scene.js";
import { createState } from "./state.js";
import { createTheme } from "./theme.js";
import { createTip } from "./tip.js";
import { createUndo } from "./undo.js";
import { epochs } from "./panels/epochs.js";
import { gallery } from "./panels/gallery.js";
import { h } from "./dom.js";
import { header } from "./panels/header.js";
import { legend } from "./panels/legend.js";
import { listenToKeys } from "./keyboard.js";
import { map } from "./panels/map.js";
import { standalone } from "./standalone.js";
import { silence } from "./panels/silence.js";
import { stage } from "./panels/stage.js";
import { strip } from "./panels/strip.js";

const state = createState(window);
const theme = createTheme();
const runs = createRuns(state, document);
const scene = createScene(state, runs, theme);
const atlas = createAtlas();
const tip = createTip(scene, atlas, theme);

/** @type {import("./types.js").Page} */
const page = {
  state, api, scene, runs, atlas, theme, tip, example: /** @type {import("./types.js").Example} */ (createExample()), undo: createUndo(state),
};
const time = epochs(page);
const TABS = /** @type {const} */ (["units", "probes", "learning", "compare"]);
const place = () => h("div", { class: "notice bad", role: "status" });
const places = {
  search: h("div", { class: "search" }), units: place(), probes: place(), learning: place(), compare: place(),
  cards: place(), chosen: place(), dialogs: place(),
};

const LACKS = "This part of the page did not arrive. It is asked for again; if it stays away, reload the page.";
const later = () => import("./later.js");
/** @type {Promise<import("./later.js").Later|null>|null} */
let all = null;

let [wanted, seen] = [false, false];

/** Load the rest of the page, once; what failed is tried again when it is next wanted or runs are told. */
function complete() {
  wanted = true;
  return (all ??= later().then(({ fillLater }) => {
    const rest = fillLater(page, places);
    if (seen) rest.ahead();
    return rest;
  }, () => {
    for (const tab of TABS) places[tab].textContent = LACKS;
    return (all = null);
  }));
}

document.body.append(
  h("a", { class: "skip", href: "#main", onclick: skip }, "Skip to the maps"),
  header(page, places.search),
  gallery(page),
  h("main", { class: "main", id: "main", tabindex: -1 }, strip(page, drawn), stage(page, {
    map: [map(page), legend(page)],
    units: [places.units],
    probes: [places.probes],
    learning: [places.learning],
    compare: [places.compare],
  })),
  h("aside", { class: "detail", "aria-label": "Details" }, places.cards),
  h("footer", { class: "footer" }, time.element, places.chosen),
  places.dialogs,
  silence(page),
  tip.element,
);

/** The maps of a checkpoint are in view. */
function drawn() {
  const had = all;
  seen = true;
  void complete().then((rest) => had && rest?.ahead());
}

/** The address tells what is shown, so the link moves the focus alone. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

document.body.classList.toggle("standalone", standalone);
scene.on(["maps"], () => scene.status === "loading" || scene.status === "ready" || void complete());
state.on(["tab", "dialog", "unit", "image"], () => void complete());
if (state.now.tab !== "map" || state.now.dialog) void complete();
runs.on(() => wanted && !all && void complete());
const showRuns = () => document.body.classList.toggle("runs-open", state.now.dialog === "runs");
state.on(["dialog"], showRuns);
showRuns();
listenToKeys(page, {
  ...time,
  find: () => void complete().then((rest) => rest?.find()),
  unit: (by) => void complete().then((rest) => rest?.unit(by)),
});
// What another tab or a terminal has done meanwhile is seen on coming back; who leaves hears no events.
document.addEventListener("visibilitychange", () => void (document.hidden ? runs.listen() : runs.refresh()));
void runs.refresh();
