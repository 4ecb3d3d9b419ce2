// A patch: framed in its image, or cut out and enlarged.

import { box, frame } from "../patch.js";
import { h } from "../dom.js";
import { imageAddress } from "../api.js";

/**
 * @param {import("../types.js").Layers} layers
 * @param {number} layer whose patch it is
 * @param {{image: number, row: number, column: number}} patch
 * @param {boolean} close enlarge the patch
 * @param {{side: number, says: string, onclick: () => void, onpoint?: (on: boolean) => void}} how
 */
export function patchTile(layers, layer, patch, close, { side, says, onclick, onpoint }) {
  const { spans } = layers.layers[layer];
  const picture = h("img", {
    src: close
      ? imageAddress(layers, patch.image, 2 * side, box(layers, spans, patch.row, patch.column))
      : imageAddress(layers, patch.image, Math.max(96, 2 * side)),
    alt: "",
    loading: "lazy",
    class: close ? "pixels" : "",
  });
  const place = frame(layers, spans, patch.row, patch.column);
  const share = (/** @type {number} */ v) => `${100 * v}%`;
  return h(
    "button",
    {
      class: "patch",
      title: says,
      "aria-label": says,
      "data-image": patch.image,
      onclick,
      onpointerenter: () => onpoint?.(true),
      onpointerleave: () => onpoint?.(false),
    },
    picture,
    close ? null : h("i", {
      class: "patch-frame",
      style: { left: share(place.left), top: share(place.top), width: share(place.width), height: share(place.height) },
    }),
  );
}
