// A thumbnail from the sheet: larger under the pointer, ringed in every map, pinned by a click.

import { h } from "../dom.js";

const SIDE = 26;

/**
 * @param {import("../types.js").Page} page
 * @param {number} id
 */
export function thumb({ state, scene, tip, atlas }, id) {
  const place = scene.place(id);
  const picture = h("button", {
    class: "sprite thumb",
    "data-image": id,
    "aria-label": `Image ${id}: ${scene.className(place)}`,
    onclick: () => {
      tip.show(-1, null);
      state.set({ image: id });
    },
    onpointermove: (/** @type {PointerEvent} */ event) => {
      if (event.pointerType === "mouse") tip.show(place, event);
    },
    onpointerleave: () => tip.show(-1, null),
  });
  if (place >= 0) atlas.dress(picture, place, SIDE);
  return picture;
}
