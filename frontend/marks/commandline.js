// A terminal command: it breaks between its words, so that a flag stays whole.

import { h } from "../dom.js";

/** @param {string} text */
export const commandWords = (text) => text.split(" ").flatMap((word, i) => [i ? " " : "", h("span", {}, word)]);

/** @param {string} text */
export const commandLine = (text) => h("code", { class: "command" }, commandWords(text));
