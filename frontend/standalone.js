// Where the page is a file that was exported, what stands in it: answers, images, plotly.js.

import { columns } from "./columns.js";

/** @typedef {{made: string, version: string, paths: Record<string, string[][]>}} Contents */

const marked = globalThis.document?.getElementById("saccade-file") ?? null;

/** Is the page such a file, without a server? */
export const standalone = marked !== null;

/** The day it was made. */
export const made = marked?.dataset.made ?? "";

/** What to say where a server would be needed. */
export const NEEDS_SERVER = "This page is a file and does that only in a running Saccade: saccade serve";

/** @type {Map<string, Promise<ReturnType<typeof columns>>>} */
const opened = new Map();

/** @param {string} name */
const textOf = (name) => document.getElementById(`saccade-${name}`)?.textContent ?? "";

/** @param {string} name */
function bytes(name) {
  const text = atob(textOf(name));
  const found = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
  return found;
}

/** A part of the file that was compressed. @param {string} name */
async function unpacked(name) {
  const stream = new Blob([bytes(name)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** @type {Promise<Map<string, [string, number]>>|null} where the answer to each path lies */
let places = null;

async function find() {
  /** @type {Contents} */
  const contents = JSON.parse(new TextDecoder().decode(await unpacked("contents")));
  /** @type {Map<string, [string, number]>} */
  const found = new Map();
  for (const [block, lists] of Object.entries(contents.paths)) {
    for (const paths of lists) paths.forEach((path, row) => found.set(path, [block, row]));
  }
  return found;
}

/** A path as the file knows it: queries in the order of the alphabet, and no run but its own. @param {string} path */
function known(path) {
  const [place, query] = path.split("?");
  const asked = new URLSearchParams(query);
  asked.delete("versus");
  asked.sort();
  return `${asked}` ? `${place}?${asked}` : place;
}

/** The answer to a path below /api, or undefined where the file has none. @param {string} path */
export async function answered(path) {
  const place = (await (places ??= find())).get(known(path));
  if (!place) return undefined;
  const [name, row] = place;
  let block = opened.get(name);
  if (!block) opened.set(name, (block = unpacked(name).then(columns)));
  return (await block).read(row);
}

/** The sheet of thumbnails, or null. */
export function sheet() {
  const { columns: across, rows } = document.getElementById("saccade-atlas")?.dataset ?? {};
  if (!across || !rows) return null;
  return { blob: new Blob([bytes("atlas")], { type: "image/jpeg" }), columns: Number(across), rows: Number(rows) };
}

/** A file that the server would have sent, or null. @param {string} path */
export async function download(path) {
  const element = [...document.querySelectorAll("script[data-path]")].find((e) => /** @type {HTMLElement} */ (e).dataset.path === path);
  return element ? new Blob([await unpacked(element.id.replace(/^saccade-/, ""))]) : null;
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

/** The address of plotly.js. */
export async function plotlyAddress() {
  return URL.createObjectURL(new Blob([await unpacked("plotly")], { type: "text/javascript" }));
}
