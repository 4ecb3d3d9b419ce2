// Whether the page is a file that was exported, and the images that stand in it.

const marked = globalThis.document?.getElementById("saccade-file") ?? null;

/** Is the page such a file, without a server? */
export const standalone = marked !== null;

/** The day it was made. */
export const made = marked?.dataset.made ?? "";

/** What to say where a server would be needed. */
export const NEEDS_SERVER = "This page is a file and does that only in a running Saccade: saccade serve";

/** @param {string} name */
const textOf = (name) => document.getElementById(`saccade-${name}`)?.textContent ?? "";

/** A part of the file. @param {string} name */
export function bytes(name) {
  const text = atob(textOf(name));
  const found = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
  return found;
}

/** Whether the file has its images, which one may leave out. */
export const hasImages = () => document.getElementById("saccade-atlas") !== null;

/** The sheet of thumbnails, or null. */
export function sheet() {
  const { columns: across, rows } = document.getElementById("saccade-atlas")?.dataset ?? {};
  if (!across || !rows) return null;
  return { blob: new Blob([bytes("atlas")], { type: "image/jpeg" }), columns: Number(across), rows: Number(rows) };
}

/**
 * An image, or a part of it, as an address; an empty one where the file has no such image.
 * @param {number} image
 * @param {{left: number, top: number, right: number, bottom: number}} [box] pixels as stored
 */
export function picture(image, box) {
  const found = document.getElementById(`saccade-image-${image}`);
  if (!found) return "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";
  const whole = `data:image/jpeg;base64,${found.textContent}`;
  if (!box) return whole;
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box.left} ${box.top} ${width} ${height}" width="${8 * width}" height="${8 * height}">`
    + `<image href="${whole}" width="${marked?.dataset.width}" height="${marked?.dataset.height}" preserveAspectRatio="none" style="image-rendering:pixelated"/></svg>`;
  return `data:image/svg+xml;base64,${btoa(drawing)}`;
}
