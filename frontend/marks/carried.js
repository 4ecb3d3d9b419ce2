// One thing that can be saved: its name, what it is, and a button a format.

import { h } from "../dom.js";

/**
 * @param {string} name
 * @param {string} says
 * @param {[string, () => void][]} formats
 */
export const carried = (name, says, formats) =>
  h("div", { class: "carried" },
    h("p", {}, h("b", {}, name), h("span", { class: "soft small" }, ` ${says}`)),
    h("span", { class: "formats" }, formats.map(([format, onclick]) =>
      h("button", { class: "button", "aria-label": `${name} as ${format}`, onclick }, format))));
