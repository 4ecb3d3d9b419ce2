// The Compare tab: rules side by side, then any two runs.

import { h } from "../dom.js";
import { pair } from "./pair.js";
import { rules } from "./rules.js";

/** @param {import("../types.js").Page} page */
export function compare(page) {
  return h("div", { class: "compare", id: "compare" }, rules(page), pair(page));
}
