// What became of a run that does not go on, in a word, and what a person can do about it.

/** @typedef {import("./types.js").Run} Run */

/** What to do, by the stable code of an error. @type {Record<string, string>} */
export const ADVICE = {
  oom_cuda: "Clone it with a smaller batch, crop or encoder, or with device cpu.",
  oom_host: "Clone it with a smaller batch, crop or encoder, or end other programs and resume it.",
  nan_loss: "Clone it with a smaller learning rate, a tenth of this one, or with precision float32.",
  disk_full: "Make room on the disk, then resume it: what was saved before is kept.",
  bad_data: "Look at the files that the message names, mend or remove them, then resume it.",
  bad_config: "Clone it and change the setting that the message names.",
  bad_checkpoint: "Resume it: it goes on from the checkpoint before. If none can be read, clone it.",
  bad_run: "Its directory is damaged. Clone it to begin anew.",
  killed: "Something ended its process. Resume it to go on from its last checkpoint.",
  timeout: "Its time was up. Resume it to go on from its last checkpoint, or allow it more time.",
  lost: "Its process is gone without a word. Resume it to go on from its last checkpoint.",
  interrupted: "Resume it to go on from its last checkpoint.",
  lost_process: "One of its processes is gone. Resume it to go on from its last checkpoint.",
  internal: "This is a fault of Saccade. The log tells more; resume it once, and report it if it fails again.",
};

const STALLED = "Its process is there and takes no step: the machine may be busy, asleep, or out of memory. " +
  "Wait a little, or stop it and resume it; that costs at most a minute of work.";

/**
 * Stalled, interrupted, failed or stopped: the word, its code, what happened and what to do. Null
 * for a run that goes on or has finished.
 * @param {Run} run
 * @returns {{word: string, code: string|null, says: string|null, advice: string}|null}
 */
export function verdict({ state, stalled, error }) {
  const code = error?.code ?? null;
  const says = error?.message ?? null;
  if (state === "failed") {
    return { word: "Failed", code, says, advice: ADVICE[code ?? ""] ?? "The log below may tell why. Resume it, or clone it and change a setting." };
  }
  if (state === "interrupted") {
    return { word: "Interrupted", code, says, advice: ADVICE[code ?? ""] ?? ADVICE.interrupted };
  }
  if (stalled && ["starting", "running", "stopping"].includes(state)) {
    return { word: "Stalled", code: stalled.code, says: stalled.message, advice: STALLED };
  }
  return null;
}
