// The panels that nobody sees before the maps are drawn, and what is fetched ahead.

import { alikecard } from "./panels/alikecard.js";
import { carry } from "./panels/carry.js";
import { chosen } from "./panels/chosen.js";
import { createBeside } from "./beside.js";
import { createSeeking } from "./seeking.js";
import { examplecard } from "./panels/examplecard.js";
import { h } from "./dom.js";
import { imagecard } from "./panels/imagecard.js";
import { images } from "./panels/images.js";
import { keys } from "./panels/keys.js";
import { layercard } from "./panels/layercard.js";
import { learning } from "./panels/learning.js";
import { likeness } from "./panels/likeness.js";
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
import { twomaps } from "./panels/twomaps.js";
import { undoing } from "./panels/undoing.js";
import { unitStep } from "./unitstep.js";
import { unitcard } from "./panels/unitcard.js";
import { versus } from "./panels/versus.js";

/** @typedef {"search"|"units"|"probes"|"learning"|"compare"|"cards"|"chosen"|"dialogs"} Place */
/** @typedef {{ahead: () => void, find: () => void, unit: (by: number) => void}} Later `ahead` is called when maps are drawn, `find` to search, `unit` to step through the units */

/**
 * Puts them where the page has kept a place for them.
 * @param {import("./types.js").Page} page
 * @param {Record<Place, HTMLElement>} places
 * @returns {Later}
 */
export function fillLater(page, places) {
  Object.assign(page.example, createSeeking(page));
  const both = { ...page, beside: createBeside(page.state, page.runs, page.scene) };
  const find = search(page);
  places.search.replaceWith(find.element);
  places.units.replaceWith(neurons(page));
  places.probes.replaceWith(probes(page, mixup(page)));
  places.learning.replaceWith(learning(page));
  places.compare.replaceWith(h("div", { class: "compare", id: "compare" },
    versus(both), likeness(both), twomaps(both), matched(both), pair(both), rules(page)));
  places.cards.replaceWith(separators(page), imagecard(page), unitcard(page), alikecard(both), predictioncard(page), layercard(page), examplecard(page));
  places.chosen.replaceWith(undoing(page), chosen(page));
  places.dialogs.replaceWith(...(standalone ? [] : [newrun(page), images(page)]), carry(page), keys(page));
  return { ahead: prefetch(page), find: find.focus, unit: unitStep(page) };
}
