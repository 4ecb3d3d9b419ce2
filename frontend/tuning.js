// What a unit answers to gratings: its curves, how they are drawn, and the same in words.

import { decimal } from "./text.js";

/** @typedef {import("./types.js").Tuning} Tuning */

/**
 * Where the response is greatest at the frequency that is told, as [orientation, frequency]: the
 * levels in which responses are kept tie where the responses did not.
 * @param {Tuning} tuning
 */
export function best({ response, frequencies, frequency }) {
  const told = frequency === null ? -1 : frequencies.indexOf(frequency);
  let [at, most] = [[0, 0], -Infinity];
  response.forEach((row, i) => row.forEach((value, j) => {
    if ((told < 0 || j === told) && value > most) [at, most] = [[i, j], value];
  }));
  return at;
}

/** The responses to all orientations at the best frequency. @param {Tuning} tuning */
export function byOrientation(tuning) {
  const [, frequency] = best(tuning);
  return tuning.response.map((row) => row[frequency]);
}

/** The responses to all frequencies at the best orientation. @param {Tuning} tuning */
export const byFrequency = (tuning) => tuning.response[best(tuning)[0]];

/**
 * Where an orientation lies on a circle around zero, y downwards as in drawings.
 * @param {number} degrees anticlockwise from horizontal
 * @param {number} radius
 * @returns {[number, number]}
 */
export function spoke(degrees, radius) {
  const angle = (Math.PI * degrees) / 180;
  return [radius * Math.cos(angle), -radius * Math.sin(angle)];
}

/**
 * A closed outline of responses by orientation. Stripes have no head and no tail, so each response
 * stands at its orientation and at the opposite one.
 * @param {number[]} degrees from 0 up to 180
 * @param {number[]} values
 * @param {number} unit the radius of a response of one
 */
export function outline(degrees, values, unit) {
  const around = [0, 180].flatMap((turn) => degrees.map((angle, i) => spoke(angle + turn, unit * values[i])));
  return `M${around.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`;
}

/** A number of cycles as it is read on an axis. @param {number} n */
export const cycles = (n) => `${Number(n.toPrecision(2))}`;

/** @param {number|null} degrees */
export const angle = (degrees) => (degrees === null ? "–" : `${Math.round(degrees) % 180}°`);

/** One sentence on a unit's tuning. @param {Tuning} tuning */
export function tuningSentence({ peak, orientation, frequency, osi, bandwidth, modulation, patch }) {
  if (peak === 0) return "No grating excites this unit.";
  if (frequency === null) return "This unit answers alike to all gratings.";
  const stripes = orientation === null
    ? "No orientation is preferred"
    : `Prefers stripes at ${angle(orientation)} (0° horizontal, 90° upright)`;
  const wide = bandwidth === null ? "no bandwidth, since the curve stays high" : `bandwidth ${angle(bandwidth)}`;
  return `${stripes}, ${cycles(frequency)} cycles a patch of ${patch} pixels; orientation selectivity ${decimal(osi)}, ${wide}, F1/F0 ${decimal(modulation)}.`;
}
