// The choice of what points are coloured by; what cannot be had says why.

import { h } from "../dom.js";

/** @param {Pick<import("../types.js").Page, "state"|"scene">} page @param {string} id */
export function colourPick({ state, scene }, id) {
  const now = scene.tint.colouring || scene.tint.refusal ? state.now.colour : "class";
  return h(
    "select",
    {
      id,
      onchange: (/** @type {Event} */ event) => state.set({ colour: /** @type {HTMLSelectElement} */ (event.target).value }),
    },
    scene.tint.choices.map(({ word, says, lacks }) => h(
      "option",
      { value: word, selected: word === now, disabled: lacks !== null && word !== now },
      lacks ? `${says} (${lacks})` : says,
    )),
  );
}
