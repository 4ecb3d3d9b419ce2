// Rows of categories, each with how many of its images are selected: a click hides or shows one, a
// double-click shows it alone, "select" takes its images.

import { count } from "../text.js";
import { counts } from "../selection.js";
import { fill, h } from "../dom.js";
import { roving } from "../roving.js";
import { swatch } from "./swatch.js";

/**
 * `values` are places in `names`, -1 for none, which counts as one more category called `none`;
 * `off` are those that are hidden; `mark` of a value, null where it has none.
 * @typedef {{names: string[], none: string, values: ArrayLike<number>, selected: Uint8Array, off: number[],
 *   mark: (value: number) => {colour: string, shape: import("../palette.js").Shape}|null}} Listed
 * @param {string} kind what the rows are called: data-KIND holds the number of each
 * @param {{hide: (off: number[]) => void, take: (value: number, adds: boolean) => void}} on
 */
export function categories(kind, on) {
  const element = h("div", { class: "classes" });
  /** @type {Listed|null} */
  let listed = null;
  let clicked = 0;

  /** The rows there are: every category, and "none" where an image has none. */
  function entries() {
    if (!listed) return [];
    const all = listed.names.map((_, i) => i);
    return Array.prototype.includes.call(listed.values, -1) ? [...all, all.length] : all;
  }

  /** @param {number} index */
  function toggle(index) {
    const off = listed?.off ?? [];
    const next = off.includes(index) ? off.filter((i) => i !== index) : [...off, index];
    on.hide(next.sort((a, b) => a - b));
  }

  /** Show that one alone, or all again where it is alone already. @param {number} index */
  function solo(index) {
    const off = listed?.off ?? [];
    const others = entries().filter((i) => i !== index);
    on.hide(others.every((i) => off.includes(i)) && !off.includes(index) ? [] : others);
  }

  /** The second click of a pair takes back what the first did. @param {number} index @param {number} clicks */
  function press(index, clicks) {
    toggle(index);
    if (clicks === 2 && clicked === index) solo(index);
    clicked = index;
  }

  /** @param {number} index @param {boolean} adds */
  function take(index, adds) {
    if (!listed || listed.off.includes(index)) return;
    on.take(index === listed.names.length ? -1 : index, adds);
  }

  element.addEventListener("keydown", (event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest(".class-line");
    if (!row || event.ctrlKey || event.metaKey || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    take(Number(/** @type {HTMLElement} */ (row).dataset.place), event.shiftKey);
  });
  roving(element, "button:not(:disabled)");

  return {
    element,
    /** @param {Listed|null} what */
    show(what) {
      listed = what;
      if (!what) return fill(element);
      const { names, none, values, selected, off, mark } = what;
      const { all, taken } = counts(values, selected, names.length);
      fill(element, entries().map((index) => {
        const hidden = off.includes(index);
        const name = names[index] ?? none;
        const drawn = mark(index === names.length ? -1 : index);
        return h("div", { class: "class-line", "data-place": index }, h(
          "button",
          {
            class: `class-row ${hidden ? "off" : ""}`,
            [`data-${kind}`]: index,
            "aria-pressed": `${!hidden}`,
            title: `${name}: a click hides or shows the ${kind}; a double-click shows it alone; s selects its images`,
            onclick: (/** @type {MouseEvent} */ event) => press(index, event.detail),
          },
          drawn && swatch(drawn),
          h("span", { class: "name" }, name),
          h("span", { class: "soft" }, `${count(taken[index])}/${count(all[index])}`),
        ), h(
          "button",
          {
            class: "quiet accent take", disabled: hidden, [`data-${kind}`]: index, "aria-label": `Select ${name}`,
            title: `Select the images of this ${kind}; with Shift, add them`, onclick: (/** @type {MouseEvent} */ event) => take(index, event.shiftKey),
          },
          "select",
        ));
      }));
    },
  };
}
