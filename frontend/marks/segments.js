// A choice between a few words, one of them in force.

import { h } from "../dom.js";

/**
 * @template {string} W
 * @param {string} label
 * @param {[W, string][]} words
 * @param {W} now
 * @param {(word: W) => void} choose
 */
export function segments(label, words, now, choose) {
  return h(
    "div",
    { class: "segments", role: "group", "aria-label": label },
    words.map(([word, says]) =>
      h("button", { "aria-pressed": `${word === now}`, onclick: () => choose(word) }, says),
    ),
  );
}
