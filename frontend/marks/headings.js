// The head of a table: what its columns are called.

import { h } from "../dom.js";

/** @param {string[]} names */
export const headings = (names) => h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name))));
