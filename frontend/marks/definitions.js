// How the numbers of a card are measured, folded away; what was unfolded stays so when it is drawn anew.

import { h } from "../dom.js";

export function createDefinitions() {
  let open = false;

  /** Nothing where none is told. @param {(string|undefined)[]} sentences */
  return function definitions(sentences) {
    const told = sentences.filter(Boolean);
    if (!told.length) return null;
    return h(
      "details",
      { class: "definitions", open, ontoggle: (/** @type {Event} */ event) => (open = /** @type {HTMLDetailsElement} */ (event.target).open) },
      h("summary", {}, "How these are measured"),
      told.map((sentence) => h("p", {}, sentence)),
    );
  };
}
