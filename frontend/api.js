// The only door to the server. Replies about a checkpoint are kept until its results change.

import * as file from "./standalone.js";
import { createKept } from "./kept.js";
import { createReach } from "./reach.js";
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

/** What stands in the page where that is a file. */
const blocks = () => import("./blocks.js");

/** Whether the server answers at all. */
export const reach = createReach();

/** So many replies are kept. */
export const KEPT = 800;

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function answer(path, options) {
  if (file.standalone) throw new ApiError("not_in_file", `${file.NEEDS_SERVER}.`, 404);
  /** @type {Response} */
  let reply;
  try {
    reply = await fetch(`/api/${path}`, options);
  } catch {
    if (options?.signal?.aborted) throw new ApiError("cancelled", "This was cancelled.", 0);
    reach.heard(false);
    throw new ApiError("no_answer", "The server does not answer. Is saccade serve still running?", 0);
  }
  reach.heard(true);
  if (reply.ok) return reply;
  const body = await reply.json().catch(() => null);
  const { code = "error", message = `The server answered ${reply.status}.` } = body?.error ?? {};
  throw new ApiError(code, message, reply.status);
}

/** @param {string} path @param {RequestInit} [options] */
async function json(path, options) {
  if (file.standalone && !options) {
    const found = await (await blocks()).answered(path);
    if (found === undefined) throw new ApiError("not_in_file", "This is not in the file.", 404);
    return found;
  }
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

const kept = createKept(json, KEPT);
const { once } = kept;

/** @param {string} run */
const at = (run) => `runs/${encodeURIComponent(run)}`;

/** @returns {Promise<{runs: Run[]}>} */
export const runs = () => json("runs");
/** @param {string} run @returns {Promise<Run>} */
export const run = (run) => json(at(run));
/** @param {{name: string, config: Record<string, any>}} wanted @returns {Promise<Run>} */
export const create = (wanted) => post("runs", wanted);
/** What a run would be and cost, before it is started. @param {Record<string, any>} config
 * @returns {Promise<import("./types.js").Estimate>} */
export const estimate = (config) => post("runs/estimate", { config });
/** Measure what it would cost. @param {Record<string, any>} config
 * @returns {Promise<import("./types.js").Estimate>} */
export const measure = (config) => post("runs/estimate/measure", { config });
/** @param {string} run @returns {Promise<Run>} */
export const stop = (run) => post(`${at(run)}/stop`);
/** @param {string} run @returns {Promise<Run>} */
export const resume = (run) => post(`${at(run)}/resume`);
/** @param {string} run @returns {Promise<null>} */
export const remove = (run) => json(at(run), { method: "DELETE" });
/** Runs that were deleted and can be brought back. @returns {Promise<{runs: import("./types.js").Deleted[]}>} */
export const trash = () => json("trash");
/** @param {string} run @returns {Promise<Run>} */
export const restore = (run) => post(`trash/${encodeURIComponent(run)}/restore`);

/** @param {string} path @param {"POST"|"PUT"} method @param {Blob} file @param {AbortSignal} [signal] */
const send = (path, method, file, signal) =>
  json(path, { method, headers: { "content-type": "application/octet-stream" }, body: file, signal });

/** @returns {Promise<{uploads: import("./types.js").Upload[]}>} */
export const uploads = () => json("uploads");
/** @param {string} id @returns {Promise<import("./types.js").Upload>} */
export const upload = (id) => json(`uploads/${id}`);
/** @param {string} title @returns {Promise<import("./types.js").Upload>} */
export const beginUpload = (title) => post("uploads", { title });
/** @param {string} id @param {number} number @param {string} name @param {Blob} file @param {AbortSignal} signal
 * @returns {Promise<null>} */
export const sendFile = (id, number, name, file, signal) =>
  send(`uploads/${id}/files/${number}?name=${encodeURIComponent(name.slice(-200))}`, "PUT", file, signal);
/** @param {string} id @returns {Promise<import("./types.js").Upload>} */
export const finishUpload = (id) => post(`uploads/${id}/finish`);
/** @param {string} id @returns {Promise<null>} */
export const removeUpload = (id) => json(`uploads/${id}`, { method: "DELETE" });

/** Send an image to search with. @param {Blob} file @returns {Promise<{id: string}>} */
export const sendExample = (file) => send("examples", "POST", file);
/** @param {string} id @param {string} run @param {number} epoch @returns {Promise<import("./types.js").Likeness>} */
export const searchExample = (id, run, epoch) => post(`examples/${id}/search`, { run, epoch });
/** @param {string} id @param {string} run @param {number} epoch @returns {Promise<import("./types.js").Likeness>} */
export const foundExample = (id, run, epoch) =>
  json(`examples/${id}/search?run=${encodeURIComponent(run)}&epoch=${epoch}`);
/** @param {string} id */
export const exampleAddress = (id) => `/api/examples/${id}/image`;

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
 * @returns {Promise<import("./types.js").LayerMap>} */
export const embedding = (run, layer, epoch) =>
  once(`${at(run)}/layers/${layer}/embedding?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} epoch
 * @returns {Promise<import("./types.js").Units>} */
export const units = (run, layer, epoch) => once(`${at(run)}/layers/${layer}/units?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} unit @param {number} epoch
 * @returns {Promise<import("./types.js").Unit>} */
export const unit = (run, layer, unit, epoch) =>
  once(`${at(run)}/layers/${layer}/units/${unit}?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} unit @param {number} epoch
 * @param {string|null} versus RUN or RUN@EPOCH to look in too
 * @returns {Promise<import("./types.js").AlikeUnits>} */
export const alike = (run, layer, unit, epoch, versus) =>
  once(`${at(run)}/layers/${layer}/units/${unit}/alike?epoch=${epoch}${versus ? `&versus=${encodeURIComponent(versus)}` : ""}`);
/** @param {string} run @param {number} layer @param {number} unit @param {number} epoch
 * @returns {Promise<import("./types.js").Prediction>} */
export const prediction = (run, layer, unit, epoch) =>
  kept.unlessLacking(`${at(run)}/layers/${layer}/units/${unit}/prediction?epoch=${epoch}`);
/** @param {string} run @param {number} layer @param {number} image @param {number} epoch
 * @returns {Promise<import("./types.js").Neighbours>} */
export const neighbours = (run, layer, image, epoch) =>
  kept.unlessLacking(`${at(run)}/layers/${layer}/neighbours/${image}?epoch=${epoch}`);
/** @param {string} run @param {number} epoch @returns {Promise<import("./types.js").Probes>} */
export const probes = (run, epoch) => once(`${at(run)}/probes?epoch=${epoch}`);
/** What the probe of a layer answered for each image. @param {string} run @param {number} layer @param {number} epoch
 * @returns {Promise<import("./types.js").Answers>} */
export const answers = (run, layer, epoch) =>
  kept.unlessLacking(`${at(run)}/layers/${layer}/answers?epoch=${epoch}`);

/** @typedef {{run: string, epoch: number}} Checkpoint */

/** @param {Checkpoint} one @param {Checkpoint} other */
const versus = (one, other) =>
  `epoch=${one.epoch}&versus=${encodeURIComponent(other.run)}&versus_epoch=${other.epoch}`;

/** @param {Checkpoint} one @param {Checkpoint} other @returns {Promise<import("./types.js").Similarities>} */
export const similarity = (one, other) => once(`${at(one.run)}/similarity?${versus(one, other)}`);
/** @param {Checkpoint & {layer: number}} one @param {Checkpoint & {layer: number}} other
 * @returns {Promise<import("./types.js").Matches>} */
export const matches = (one, other) =>
  once(`${at(one.run)}/layers/${one.layer}/matches?${versus(one, other)}&versus_layer=${other.layer}`);

/** @param {string} run @param {number} epoch @returns {Promise<import("./types.js").Learning>} */
export const learning = (run, epoch) => kept.unlessLacking(`${at(run)}/learning?epoch=${epoch}`);
/** @param {string} dataset @param {string} split @returns {Promise<import("./types.js").Metadata>} */
export const metadata = (dataset, split) =>
  once(`datasets/${encodeURIComponent(dataset)}/metadata?split=${split}`);
/** The units that tell these images from the others. @param {string} run @param {number} epoch @param {number[]} images
 * @returns {Promise<import("./types.js").Separation>} */
export const separating = (run, epoch, images) => post(`${at(run)}/selection/units`, { images, epoch });
/** @returns {Promise<{benches: import("./types.js").BenchListed[]}>} */
export const benches = () => json("benches");
/** @param {string} bench @returns {Promise<import("./types.js").Bench>} */
export const bench = (bench) => json(`benches/${encodeURIComponent(bench)}`);

/** Forget the replies about a run that no longer hold. @param {string} run @param {import("./kept.js").Outdated} what */
export const forget = (run, what) => kept.forget(run, what);

/**
 * The end of an address of images, so that a browser that keeps what it has seen asks again for those
 * of other images under the same numbers.
 * @param {string|null} fingerprint
 */
const of = (fingerprint) => (fingerprint ? `&of=${fingerprint}` : "");

/**
 * The sheet of thumbnails of one split of a data set, in the order of their ids.
 * @param {{dataset: string, split: string, fingerprint: string|null}} data
 * @param {number} size pixels of one thumbnail
 */
export async function atlas({ dataset, split, fingerprint }, size) {
  const sheet = file.sheet();
  if (sheet) return sheet;
  const reply = await answer(`datasets/${encodeURIComponent(dataset)}/atlas?split=${split}&size=${size}${of(fingerprint)}`);
  const columns = Number(reply.headers.get("x-columns"));
  const rows = Number(reply.headers.get("x-rows"));
  return { blob: await reply.blob(), columns, rows };
}

/**
 * The address of an image, or of a part of it, as a PNG of `size` pixels.
 * @param {{dataset: string, fingerprint: string|null}} data
 * @param {number} image
 * @param {number} size
 * @param {{left: number, top: number, right: number, bottom: number}} [box] pixels as stored
 */
export function imageAddress({ dataset, fingerprint }, image, size, box) {
  if (file.standalone) return file.picture(image, box);
  const cut = box ? `&box=${box.left},${box.top},${box.right},${box.bottom}` : "";
  return `/api/datasets/${encodeURIComponent(dataset)}/images/${image}?size=${size}${cut}${of(fingerprint)}`;
}

/** A table of a run to save: coordinates.csv, coordinates.npz, units.csv or probes.csv.
 * @param {string} run @param {string} name @param {number} epoch @returns {Promise<Blob>} */
export async function table(run, name, epoch) {
  const path = `${at(run)}/${name}?epoch=${epoch}`;
  return (file.standalone && (await (await blocks()).download(path))) || (await answer(path)).blob();
}
/** Images as a ZIP. @param {string} run @param {number} epoch @param {number[]} images @returns {Promise<Blob>} */
export const album = async (run, epoch, images) =>
  (await answer(`${at(run)}/selection.zip`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ images, epoch }),
  })).blob();

/** The address of plotly.js. @returns {Promise<string>} */
export const plotlyAddress = async () => (file.standalone ? (await blocks()).plotlyAddress() : "/plotly.js");

const KINDS = ["state", "progress", "epoch", "checkpoint", "analysis", "analysed", "warning", "settled", "end"];

const ASK_AGAIN = 2000; // milliseconds between two questions where no stream is to be had
const TRY_A_STREAM = 10; // after so many questions

/**
 * Listen to a run's events that come after number `after`; returns how to stop. Each is heard once.
 * Where a stream is not to be had, as behind some proxies, the same events are asked for.
 * @param {string} run
 * @param {number} after
 * @param {(event: RunEvent) => void} listener
 */
export function events(run, after, listener) {
  if (file.standalone) return () => {};
  let [last, asked, timer, over] = [after, 0, 0, false];
  /** @type {EventSource|null} */
  let source = null;

  /** @param {RunEvent} event */
  function hear(event) {
    if (over || event.seq <= last) return;
    last = event.seq;
    listener(event);
  }

  function stream() {
    const opened = (source = new EventSource(`/api/${at(run)}/events?after=${last}`));
    for (const kind of KINDS) {
      opened.addEventListener(kind, (message) => hear({ kind, ...JSON.parse(message.data) }));
    }
    // A browser tries again by itself unless it was refused, or told that there is nothing more.
    opened.onerror = () => {
      if (opened.readyState === EventSource.CLOSED) later(ask);
    };
  }

  async function ask() {
    const news = await json(`${at(run)}/news?after=${last}`).catch(() => null);
    if (over) return;
    for (const event of news?.events ?? []) hear(event);
    if (news && !news.at_work) return;
    asked += 1;
    later(asked % TRY_A_STREAM ? ask : stream);
  }

  /** @param {() => void} what */
  function later(what) {
    if (!over) timer = /** @type {any} */ (setTimeout(what, ASK_AGAIN));
  }

  stream();
  return () => {
    over = true;
    clearTimeout(timer);
    source?.close();
  };
}
