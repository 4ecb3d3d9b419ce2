// The only door to the server. Replies about a named checkpoint never change, so they are kept.

import { decoded } from "./arrays.js";

/** @typedef {import("./types.js").Run} Run */
/** @typedef {import("./types.js").RunEvent} RunEvent */

/** What the server refused, or that it did not answer; the message is a sentence for people. */
export class ApiError extends Error {
  /** @param {string} code @param {string} message @param {number} status */
  constructor(code, message, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const KEPT = 800;

/** @type {Map<string, Promise<any>>} */
const kept = new Map();

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function answer(path, options) {
  /** @type {Response} */
  let reply;
  try {
    reply = await fetch(`/api/${path}`, options);
  } catch {
    throw new ApiError("no_answer", "The server does not answer. Is saccade serve still running?", 0);
  }
  if (reply.ok) return reply;
  const body = await reply.json().catch(() => null);
  const { code = "error", message = `The server answered ${reply.status}.` } = body?.error ?? {};
  throw new ApiError(code, message, reply.status);
}

/** @param {string} path @param {RequestInit} [options] */
async function json(path, options) {
  const reply = await answer(path, options);
  return reply.status === 204 ? null : decoded(await reply.json());
}

/** @param {string} path @param {any} [body] */
const post = (path, body) =>
  json(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });

/** @param {string} path */
function once(path) {
  const held = kept.get(path);
  if (held) return held;
  const reply = json(path);
  kept.set(path, reply);
  reply.catch(() => kept.delete(path));
  if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
  return reply;
}

/** @param {string} run */
const at = (run) => `runs/${encodeURIComponent(run)}`;

/** @returns {Promise<{runs: Run[]}>} */
export const runs = () => json("runs");
/** @param {string} run @returns {Promise<Run>} */
export const run = (run) => json(at(run));
/** @param {{name: string, config: Record<string, any>}} wanted @returns {Promise<Run>} */
export const create = (wanted) => post("runs", wanted);
/** What a run would be, before it is started. @param {Record<string, any>} config
 * @returns {Promise<{warning: string|null}>} */
export const estimate = (config) => post("runs/estimate", { config });
/** @param {string} run @returns {Promise<Run>} */
export const stop = (run) => post(`${at(run)}/stop`);
/** @param {string} run @returns {Promise<Run>} */
export const resume = (run) => post(`${at(run)}/resume`);
/** @param {string} run @returns {Promise<null>} */
export const remove = (run) => json(at(run), { method: "DELETE" });

/** @returns {Promise<import("./types.js").Setting[]>} */
export const settings = () => json("settings/train");
/** @returns {Promise<import("./types.js").RuleWord[]>} */
export const rules = () => once("rules");
/** @returns {Promise<import("./types.js").Word[]>} */
export const encoders = () => once("encoders");
/** @returns {Promise<import("./types.js").DataSource[]>} */
export const datasets = () => json("datasets");

/** @param {string} run @param {number} epoch @returns {Promise<import("./types.js").Layers>} */
export const layers = (run, epoch) => once(`${at(run)}/layers?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} epoch
 * @returns {Promise<import("./types.js").Points & {kept_neighbours: number|null,
 *   parameters: Record<string, string|number>}>} */
export const embedding = (run, layer, epoch) =>
  once(`${at(run)}/layers/${layer}/embedding?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} epoch
 * @returns {Promise<import("./types.js").Units>} */
export const units = (run, layer, epoch) => once(`${at(run)}/layers/${layer}/units?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} unit @param {number} epoch
 * @returns {Promise<import("./types.js").Unit>} */
export const unit = (run, layer, unit, epoch) =>
  once(`${at(run)}/layers/${layer}/units/${unit}?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} image @param {number} epoch
 * @returns {Promise<import("./types.js").Neighbours>} */
export const neighbours = (run, layer, image, epoch) =>
  once(`${at(run)}/layers/${layer}/neighbours/${image}?epoch=${epoch}`);
/** @param {string} run @param {number} epoch @returns {Promise<import("./types.js").Probes>} */
export const probes = (run, epoch) => once(`${at(run)}/probes?epoch=${epoch}`);

/** What was not there is asked for again: it may have been made since. @param {string} run @param {number} epoch
 * @returns {Promise<import("./types.js").Learning>} */
export async function learning(run, epoch) {
  const path = `${at(run)}/learning?epoch=${epoch}`;
  const reply = await once(path);
  if (reply.reason) kept.delete(path);
  return reply;
}
/** @returns {Promise<{benches: import("./types.js").BenchListed[]}>} */
export const benches = () => json("benches");
/** @param {string} bench @returns {Promise<import("./types.js").Bench>} */
export const bench = (bench) => json(`benches/${encodeURIComponent(bench)}`);

/** Forget the replies of a run that more analyses have changed. @param {string} run */
export function forgetEpochs(run) {
  for (const path of kept.keys()) {
    if (["probes", "learning"].some((what) => path.startsWith(`${at(run)}/${what}`))) kept.delete(path);
  }
}

/**
 * The sheet of thumbnails of one split of a data set, in the order of their ids.
 * @param {string} data
 * @param {string} split
 * @param {number} size pixels of one thumbnail
 */
export async function atlas(data, split, size) {
  const reply = await answer(`datasets/${encodeURIComponent(data)}/atlas?split=${split}&size=${size}`);
  const columns = Number(reply.headers.get("x-columns"));
  const rows = Number(reply.headers.get("x-rows"));
  return { blob: await reply.blob(), columns, rows };
}

/**
 * The address of an image, or of a part of it, as a PNG of `size` pixels.
 * @param {{dataset: string}} data
 * @param {number} image
 * @param {number} size
 * @param {{left: number, top: number, right: number, bottom: number}} [box] pixels as stored
 */
export function imageAddress({ dataset }, image, size, box) {
  const cut = box ? `&box=${box.left},${box.top},${box.right},${box.bottom}` : "";
  return `/api/datasets/${encodeURIComponent(dataset)}/images/${image}?size=${size}${cut}`;
}

const KINDS = ["state", "progress", "epoch", "checkpoint", "analysis", "analysed", "end"];

/**
 * Listen to a run's events that come after number `after`; returns how to stop.
 * @param {string} run
 * @param {number} after
 * @param {(event: RunEvent) => void} listener
 */
export function events(run, after, listener) {
  const source = new EventSource(`/api/${at(run)}/events?after=${after}`);
  for (const kind of KINDS) {
    source.addEventListener(kind, (message) => {
      listener({ kind, ...JSON.parse(message.data) });
    });
  }
  return () => source.close();
}
