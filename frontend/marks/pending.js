// What stands in place of results that are not there: being made, to come, or not made and how to.

import { commandLine } from "./commandline.js";
import { fill, h } from "../dom.js";
import { live } from "../runs.js";
import { progress } from "./progress.js";

/** @typedef {import("../pending.js").Pending} Pending */

/** A small one, for the place of a map in the strip. @param {Pending} told */
export const pendingTile = ({ state, word, says }) =>
  h("div", { class: `pending ${state}`, title: says, "data-pending": state }, h("span", {}, word));

/** A few words in a row of figures. @param {Pending} told */
export const pendingWord = ({ state, word, says }) => h("span", { class: `soft pending-word ${state}`, title: says }, word);

/**
 * A large one, which keeps up with the run: its step, share and time left, and how to stop it.
 * @param {import("../types.js").Page} page
 */
export function pendingNotice({ runs }) {
  const bar = progress(false);
  const element = h("div", { class: "pending large", hidden: true });
  let drawn = "";

  return {
    element,
    /** @param {Pending|null} told @param {import("../types.js").Run|null} run */
    update(told, run) {
      element.hidden = !told;
      if (!told || !run) return;
      element.className = `pending large ${told.state}`;
      element.dataset.pending = told.state;
      bar.update(run);
      const wanted = `${told.says} ${run.id} ${run.state}`;
      if (wanted === drawn) return;
      drawn = wanted;
      fill(element, h("div", { class: "wait-words" }, h("h2", { class: "big", role: "status" }, told.says), live(run) ? [
        h("p", { class: "soft" }, "It appears here as soon as it is there. What is there can be looked at meanwhile: the other maps, all units and their patches."),
        bar.element,
        h("button", { class: "button", disabled: run.state === "stopping", onclick: () => void runs.stop(run.id).catch(() => runs.refresh()) }, "Stop"),
      ] : [
        h("p", { class: "soft" }, "The analysis of this checkpoint was interrupted, or is at work in a terminal. What is there stays; the rest is made with"),
        commandLine(`saccade analyse ${run.id}`),
      ]));
    },
  };
}
