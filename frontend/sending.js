// Which of the files that somebody chose can be sent, and what became of them, in sentences.

import { count, counted } from "./text.js";

/** @typedef {{name: string, size: number, webkitRelativePath?: string}} Chosen a file of the browser */
/** @typedef {import("./types.js").Refused} Refused */
/** @typedef {import("./types.js").Upload} Upload */

const MEBI = 2 ** 20;
export const IMAGE_BYTES = 10 * MEBI;
export const ARCHIVE_BYTES = 1024 * MEBI;
export const MOST_FILES = 20_000;

/** What a file is called inside the folder that was chosen. @param {Chosen} file */
export const nameOf = (file) => file.webkitRelativePath || file.name;

/** @param {Chosen} file */
const isArchive = (file) => /\.zip$/i.test(file.name);

/**
 * The files to send, and those that need not be sent since they would be refused.
 * @template {Chosen} F
 * @param {F[]} files
 * @returns {{wanted: F[], refused: Refused[]}}
 */
export function sifted(files) {
  /** @type {Refused[]} */
  const refused = [];
  const wanted = files.filter((file, place) => {
    const reason = reasonAgainst(file, place);
    if (reason) refused.push({ name: nameOf(file), reason });
    return !reason;
  });
  return { wanted, refused };
}

/** @param {Chosen} file @param {number} place */
function reasonAgainst(file, place) {
  if (place >= MOST_FILES) return `is beyond the ${count(MOST_FILES)} files of one upload; send a ZIP`;
  const most = isArchive(file) ? ARCHIVE_BYTES : IMAGE_BYTES;
  if (file.size > most) return `has ${(file.size / MEBI).toFixed(1)} MB, and at most ${count(most / MEBI)} are taken`;
  return file.size ? "" : "is empty";
}

/** Whether a file is still there and as it was when it was chosen. @param {Blob} file */
export const isReadable = (file) => file.slice(0, 1).arrayBuffer().then(() => true, () => false);

/** A title for an upload, from what its first file or their folder is called. @param {Chosen[]} files */
export function titleOf(files) {
  const [first] = files;
  if (!first) return "";
  const folder = nameOf(first).split("/").slice(0, -1)[0];
  if (folder) return folder.slice(0, 80);
  return files.length === 1 ? first.name.replace(/\.[^.]*$/, "").slice(0, 80) : "my images";
}

/** What became of an upload, as a sentence. @param {Upload} upload */
export function outcome({ state, images, classes, columns, progress, error }) {
  if (state === "failed") return error?.message ?? "Nothing of it could be used.";
  if (state === "working") {
    return progress ? `Reads ${count(progress.done)} of ${counted(progress.of, "file")}.` : "Reads the files.";
  }
  if (state === "open") return "Was never finished; remove it, or send the images again.";
  const names = Object.entries(classes);
  const known = columns.length ? ` Known of each: ${columns.join(", ")}.` : "";
  if (!names.length) return `${counted(images, "image")}, without classes.${known}`;
  const listed = names.slice(0, 8).map(([name, n]) => `${name} ${count(n)}`).join(", ");
  const more = names.length > 8 ? ` and ${names.length - 8} more` : "";
  return `${counted(images, "image")} in ${names.length === 1 ? "one class" : `${names.length} classes`}: ${listed}${more}.${known}`;
}

/**
 * What a search with an image is doing, and how far it is: a sentence, a share of one where that is
 * known, and a count with the seconds it took.
 * @param {import("./types.js").SearchStep|null} step
 * @param {number} seconds
 * @returns {{says: string, share: number|null, far: string}}
 */
export function searchWords(step, seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
  const took = minutes ? `${minutes} min ${rest} s` : `${rest} s`;
  if (!step) return { says: "Reads the run and the images of its maps.", share: null, far: took };
  const encodes = step.step === "encode";
  return {
    says: encodes
      ? "Encodes the images of the maps, once for all searches."
      : "Looks for images like it, layer by layer.",
    share: step.done / step.of,
    far: `${count(step.done)} of ${counted(step.of, encodes ? "image" : "layer")} · ${took}`,
  };
}

/** How many files were left out, as a heading, or "". @param {Refused[]} refused @param {number} unnamed @param {number} hidden */
export function leftOut(refused, unnamed, hidden) {
  const parts = [];
  if (refused.length + unnamed) parts.push(`${counted(refused.length + unnamed, "file")} left out`);
  if (hidden) parts.push(`${counted(hidden, "hidden file")} passed over`);
  return parts.join(", ");
}
