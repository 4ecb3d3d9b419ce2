// Files that the page makes and the browser saves.

import { h } from "./dom.js";

/** A name for a file, from words of any kind. @param {string} kind the ending @param {...(string|number)} words */
export const fileName = (kind, ...words) =>
  `${words.map((word) => `${word}`.replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "")).filter(Boolean).join("-").slice(0, 120) || "saccade"}.${kind}`;

/** @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * A drawing as a PNG of `scale` times its size.
 * @param {string} svg
 * @param {number} scale
 * @returns {Promise<Blob>}
 */
export async function painted(svg, scale) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  const picture = new Image();
  try {
    await new Promise((done, failed) => {
      picture.onload = done;
      picture.onerror = () => failed(new Error("This browser could not draw the picture; save it as SVG."));
      picture.src = address;
    });
  } finally {
    URL.revokeObjectURL(address);
  }
  const canvas = h("canvas", { width: scale * picture.width, height: scale * picture.height });
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) =>
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("The picture is too large for this browser; save it as SVG.")))),
  );
}
