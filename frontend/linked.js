// One of the maps on a canvas, under the pointer: what is drawn around in it is selected in all maps.

import { joined } from "./selection.js";

/** @typedef {import("./selection.js").Joining} Joining */

/**
 * What `brush.js` asks and tells of the map at a place.
 * @param {Pick<import("./types.js").Page, "state"|"scene">} page
 * @param {ReturnType<typeof import("./mapview.js").createMapView>} view
 * @param {number} i
 */
export const linked = ({ state, scene }, view, i) => ({
  map() {
    const map = view.maps[i];
    return map ? { points: map.points, ranges: map.ranges, shown: scene.shown } : null;
  },
  /** @param {number[]} places @param {Joining} how */
  lasso(places, how) {
    const ids = places.map((place) => scene.layers?.ids[place] ?? -1);
    state.set({ selection: joined(state.now.selection, ids, how) });
  },
  /** @param {number[][]} corners pixels of that map */
  outline(corners) {
    const { left, top } = view.maps[i]?.box ?? { left: 0, top: 0 };
    view.lines.lasso(corners.map(([x, y]) => [x + left, y + top]));
  },
});
