// What a unit answers to gratings: by orientation, by frequency, and what is measured of both.

import { angle, best, byFrequency, byOrientation, cycles, tuningSentence } from "../tuning.js";
import { curve } from "./curve.js";
import { decimal } from "../text.js";
import { gratingFace } from "./gratingface.js";
import { h } from "../dom.js";
import { polar } from "./polar.js";

const FACE = 44; // pixels
const LABELLED = 2; // every so many frequencies one has its number on the axis

/** @typedef {import("../types.js").Tuning} Tuning */

/** Each number of the card with what it means. */
const NUMBERS = /** @type {[string, string, (tuning: Tuning) => import("../dom.js").Child[]][]} */ ([
  ["preferred orientation", "Direction of the stripes, 0° horizontal, 90° upright: half the angle of the vector sum of the responses at doubled angles, at the best frequency",
    (t) => [angle(t.orientation)]],
  ["preferred frequency", "Of the frequencies shown, the one of the greatest response, in cycles a patch and in cycles a pixel",
    (t) => (t.frequency === null ? ["–"] : [h("span", {}, `${cycles(t.frequency)} a patch`, h("br"), h("span", { class: "soft small" }, `${(t.frequency / t.patch).toFixed(3)} a pixel`))])],
  ["orientation selectivity", "1 − circular variance (Ringach et al. 2002): 0 answers alike to all orientations, 1 to one alone. The line from the centre has this length",
    (t) => [decimal(t.osi)]],
  ["bandwidth", "Half the width of the orientation curve at 1/√2 of its height (Ringach et al. 2002); none where it stays above that",
    (t) => [t.bandwidth === null ? "none" : `±${angle(t.bandwidth)}`]],
  ["F1/F0", "How the response follows the phase of the best grating (Skottun et al. 1991): amplitude of its first harmonic over its mean; 1.53 to 1.66, by phase, for a half-rectified sine. Above 1 simple, below 1 complex. The mean over positions inside a patch lowers it",
    (t) => [t.modulation === null ? null : h("span", { class: "soft" }, t.modulation > 1 ? "simple" : "complex"), decimal(t.modulation)]],
]);

/** @param {Tuning} tuning */
export function gratings(tuning) {
  const says = tuningSentence(tuning);
  if (tuning.frequency === null) return [h("p", { class: "hint soft" }, says)];
  const [, frequency] = best(tuning);
  const ticks = tuning.frequencies.map((n, i) => (i % LABELLED ? "" : cycles(n)));
  return [
    h("div", { class: "tuning" },
      polar(tuning.orientations, byOrientation(tuning), tuning, `Responses by orientation. ${says}`),
      curve(byFrequency(tuning), ticks, "cycles a patch", frequency,
        `Responses by spatial frequency, the greatest at ${cycles(tuning.frequency)} cycles a patch.`)),
    h("div", { class: "tuned" },
      tuning.orientation === null ? null : gratingFace(tuning.orientation, tuning.frequency, FACE),
      h("dl", { class: "facts" }, NUMBERS.flatMap(([name, means, of]) => [
        h("dt", { title: means }, name), h("dd", {}, of(tuning))]))),
  ];
}

/** The same as a table: a row an orientation, a column a frequency. @param {Tuning} tuning */
export function gratingTable(tuning) {
  return {
    says: tuningSentence(tuning),
    columns: [{ says: "orientation" }, ...tuning.frequencies.map((n) => ({ says: `${cycles(n)} a patch`, written: decimal }))],
    rows: tuning.orientations.map((degrees, i) => [Number(degrees.toFixed(2)), ...tuning.response[i]]),
  };
}
