// Results of a layer that are not there yet: whether they are being made, and what to do where not.

import { live } from "./runs.js";

/** @typedef {import("./types.js").LayerInfo} LayerInfo */
/** @typedef {import("./types.js").Missing} Missing */

/**
 * What stands in place of results: `now` they are being made, `later` they come after others,
 * `stopped` no run makes them.
 * @typedef {{state: "now"|"later"|"stopped", word: string, says: string}} Pending
 */

/** @type {Record<Missing, [string, string]>} */
const NAMED = {
  embedding: ["The map", "is"], probes: ["The probe", "is"], neighbours: ["Nearest images", "are"],
};
const WORDS = { now: "being made", later: "to come", stopped: "missing" };

/**
 * What is to be said in place of results of a layer; null where they are there.
 * @param {import("./types.js").Run|null} run
 * @param {number} epoch
 * @param {LayerInfo|undefined} info
 * @param {Missing} what
 * @returns {Pending|null}
 */
export function pending(run, epoch, info, what) {
  if (!info?.missing.includes(what)) return null;
  const state = run && live(run) && run.state !== "stopping" ? (made(run, epoch, info.layer, what) ? "now" : "later") : "stopped";
  const [name, verb] = NAMED[what];
  const of = `${name} of ${info.name}`;
  const says = { now: `${of} ${verb} being made.`, later: `${of} ${verb} still to come.`, stopped: `${of} ${verb} missing.` }[state];
  return { state, word: WORDS[state], says };
}

/** Whether that is what the run does now; the input is analysed with the first epoch. @param {import("./types.js").Run} run @param {number} epoch @param {number} layer @param {Missing} what */
function made({ phase, progress }, epoch, layer, what) {
  return phase === "analysing" && progress?.what === what && progress.layer === layer && (layer === 0 || progress.epoch === epoch);
}

/**
 * What a run's checkpoints lack, in a few words.
 * @param {import("./types.js").Run} run
 */
export function lackingEpochs(run) {
  const { begun } = run;
  const none = run.checkpoints.filter((epoch) => !run.analysed.includes(epoch) && !begun.includes(epoch));
  const parts = [];
  if (begun.length) parts.push(live(run) ? `${begun.join(", ")} under way` : `${begun.join(", ")} not complete`);
  if (none.length) parts.push(`${none.join(", ")} not analysed yet`);
  return parts.join("; ");
}
