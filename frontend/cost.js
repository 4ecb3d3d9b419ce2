// What a run would cost, in sentences.

import { count, counted, duration } from "./text.js";

/** @typedef {import("./types.js").Estimate} Estimate */

const JUST_NOW = 90; // seconds

/** Megabytes as people read them. @param {number} mb */
export const megabytes = (mb) => (mb < 1000 ? `${count(Math.max(1, Math.round(mb)))} MB` : `${(mb / 1000).toFixed(1)} GB`);

/**
 * "About 3 min of training and 1 min of analyses, 410 MB of memory, 35 MB of disk."
 * @param {import("./types.js").Cost} cost
 */
export function costSentence({ training_seconds, analysis_seconds, memory_mb, gpu_memory_mb, disk_mb }) {
  const times = `${duration(training_seconds)} of training`;
  const parts = [analysis_seconds ? `${times} and roughly ${duration(analysis_seconds)} of analyses` : times];
  if (gpu_memory_mb !== null) parts.push(`${megabytes(gpu_memory_mb)} on the GPU`);
  if (memory_mb !== null) parts.push(`${megabytes(memory_mb)} of memory`);
  parts.push(`${megabytes(disk_mb)} of disk`);
  return `About ${parts.join(", ")}.`;
}

/**
 * When, where and how it was measured.
 * @param {import("./types.js").Cost} cost
 * @param {number} now unix seconds
 */
export function provenance({ at, device, measured_steps, steps }, now) {
  const when = now - at < JUST_NOW ? "just now" : `on ${dateOf(at)}`;
  return `Measured ${when} on ${device}, over ${counted(measured_steps, "step")}; the run has ${count(steps)}.`;
}

/** "2026-11-24 at 10:03" in the reader's own time. @param {number} at unix seconds */
export function dateOf(at) {
  const date = new Date(at * 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} at ${two(date.getHours())}:${two(date.getMinutes())}`;
}
