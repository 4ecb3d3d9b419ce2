// The maps of all layers of a checkpoint, as far as they can be read.

import * as api from "./api.js";

/** @typedef {import("./types.js").LayerMap} LayerMap */

/**
 * What holds for all maps of a checkpoint, and each map; one that cannot be read says why, and its
 * points lie nowhere. Throws where the server is silent or no map can be read.
 * @param {Promise<import("./types.js").Layers>} told
 * @param {{run: string, epoch: number, layers: number}} of how many layers, the input among them
 * @param {boolean[]} without the layers whose map is still to come
 */
export async function layerMaps(told, { run, epoch, layers }, without = []) {
  const [info, ...read] = await Promise.all([
    told,
    ...Array.from({ length: layers }, (_, layer) => (without[layer] ? null
      : api.embedding(run, layer, epoch).catch((/** @type {api.ApiError} */ caught) => caught))),
  ]);
  const silence = read.find((map) => map instanceof Error && map.status === 0);
  if (silence || read.every((map) => map instanceof Error)) throw silence ?? read[0];
  const images = info.ids.length;
  return { info, maps: read.map((map) => (map && !(map instanceof Error) ? map : blank(images, map?.message))) };
}

/**
 * A map that is not there.
 * @param {number} images
 * @param {string} [lacking]
 * @returns {LayerMap}
 */
function blank(images, lacking) {
  const nowhere = new Float32Array(images).fill(NaN);
  return { x: nowhere, y: nowhere, kept_neighbours: null, kept: null, parameters: {}, lacking };
}
