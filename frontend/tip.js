// The image under the pointer, shown beside it at once from the sheet that is already loaded.

import { fill, h } from "./dom.js";
import { classMark } from "./palette.js";
import { createListeners } from "./listeners.js";
import { keptSentence } from "./lost.js";
import { swatch } from "./marks/swatch.js";

const SIDE = 112;
const WIDE = SIDE + 26; // pixels, with its border and the way from the pointer
const BELOW = 124; // pixels that the words under the picture may take

/**
 * @param {import("./types.js").Scene} scene
 * @param {import("./types.js").Atlas} atlas
 * @param {import("./types.js").Theme} theme
 */
export function createTip(scene, atlas, theme) {
  const picture = h("div", { class: "sprite" });
  const label = h("div", { class: "tip-label" });
  const facts = h("div", { class: "tip-facts soft" });
  const element = h("div", { class: "tip", hidden: true, "aria-hidden": "true" }, picture, label, facts);
  const { on, tell } = createListeners();
  let pointed = -1;
  /** @type {number|undefined} of the map that is pointed at */
  let shown;

  /** @param {number} place */
  function point(place) {
    if (place === pointed) return;
    pointed = place;
    tell();
  }

  /** @param {number} place */
  function dress(place) {
    const { layers } = scene;
    if (!layers || place >= layers.ids.length) return;
    atlas.dress(picture, place, SIDE);
    element.dataset.image = `${layers.ids[place]}`;
    const mark = classMark(layers.labels[place], theme.tone);
    fill(label, swatch(mark), h("span", { class: "name" }, scene.className(place)));
    const kept = shown === undefined ? "" : keptSentence(scene.maps[shown]?.kept ?? null, place);
    fill(facts, [`#${layers.ids[place]}`, scene.tint.colouring?.told(place), kept].filter(Boolean).map((says) => h("div", {}, says)));
  }

  atlas.on(() => {
    if (!element.hidden) atlas.dress(picture, pointed, SIDE);
  });
  scene.on(["maps", "paint"], () => {
    if (!element.hidden) dress(pointed);
  });
  return {
    element,
    /** The place that is pointed at, or -1: every map rings it. */
    get pointed() {
      return pointed;
    },
    on,
    /** Ring an image in all maps without the picture. @param {number} place */
    ring: (place) => point(place),
    /**
     * @param {number} place -1 hides it
     * @param {{clientX: number, clientY: number}|null} at
     * @param {number} [layer] of the map that is pointed at
     */
    show(place, at, layer) {
      const same = place === pointed && layer === shown;
      shown = layer;
      point(place);
      element.hidden = place < 0 || !at;
      if (place < 0 || !at) return;
      if (!same) dress(place);
      const left = at.clientX + (at.clientX + WIDE > innerWidth ? -WIDE : 14);
      const top = Math.min(at.clientY + 14, innerHeight - SIDE - BELOW);
      element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    },
  };
}
