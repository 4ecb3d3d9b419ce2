// What stands compressed in a file that was exported: answers, files, plotly.js.

import { bytes } from "./standalone.js";
import { columns } from "./columns.js";

/** @typedef {{made: string, version: string, paths: Record<string, string[][]>}} Contents */

/** @type {Map<string, Promise<ReturnType<typeof columns>>>} */
const opened = new Map();

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

/** A file that the server would have sent, or null. @param {string} path */
export async function download(path) {
  const element = [...document.querySelectorAll("script[data-path]")].find((e) => /** @type {HTMLElement} */ (e).dataset.path === path);
  return element ? new Blob([await unpacked(element.id.replace(/^saccade-/, ""))]) : null;
}

/** The address of plotly.js. */
export async function plotlyAddress() {
  return URL.createObjectURL(new Blob([await unpacked("plotly")], { type: "text/javascript" }));
}
