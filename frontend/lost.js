// Points whose neighbours a map has torn from them: how many of its 10 nearest an image keeps.

import { count, counted } from "./text.js";

export const FEW = 2; // of 10 nearest that are kept, at most, where the others count as lost
const NEAREST = 10;
const UNKNOWN = 255;

/**
 * 1 where a map keeps at most FEW of an image's 10 nearest; nowhere where there are not so many.
 * @param {Uint8Array|null} kept
 */
export const lostPoints = (kept) => Uint8Array.from(kept ?? [], (n) => Number(n <= FEW && Number(kept?.length) > NEAREST));

/**
 * How much of its surroundings an image keeps, or "" where that is not known.
 * @param {Uint8Array|null} kept
 * @param {number} place
 */
export function keptSentence(kept, place) {
  const n = kept?.[place] ?? UNKNOWN;
  return !kept || n === UNKNOWN ? "" : `keeps ${n} of its ${Math.min(NEAREST, kept.length - 1)} nearest`;
}

/**
 * How many of the shown images are lost, and what that means.
 * @param {Uint8Array|null} kept
 * @param {Uint8Array} shown
 * @param {string} run
 */
export function lostSentence(kept, shown, run) {
  if (!kept) return `The analysis of this run did not keep which neighbours each image has on the map; add it with: saccade analyse ${run}`;
  const lost = lostPoints(kept);
  const n = kept.reduce((sum, _, place) => sum + lost[place] * shown[place], 0);
  const unknown = kept.reduce((sum, k) => sum + Number(k === UNKNOWN), 0);
  const rest = unknown ? ` Not asked of ${counted(unknown, "image")}.` : "";
  return `Ringed: ${counted(n, "image")} of which at most ${FEW} of the 10 nearest by features are among the 10 nearest on this map (${count(kept.length - unknown)} looked at).${rest}`;
}
