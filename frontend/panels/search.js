// The box that finds an image, a unit, a class, a layer, an epoch or a run, and goes there.

import { fill, h } from "../dom.js";
import { found } from "../search.js";
import { shownEpochs } from "../runs.js";

/** @param {import("../types.js").Page} page */
export function search({ state, scene, runs }) {
  const list = h("ul", {
    class: "matches", id: "matches", role: "listbox", "aria-label": "Matches", hidden: true,
    onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(), // the box keeps the focus
  });
  const box = h("input", {
    id: "search", type: "text", placeholder: "Find an image, unit, class", autocomplete: "off", spellcheck: "false",
    role: "combobox", "aria-label": "Find an image, unit, class or run", "aria-autocomplete": "list",
    "aria-controls": "matches", "aria-expanded": "false", oninput: look, onfocus: look, onkeydown: press,
  });
  const heard = h("span", { class: "unseen", role: "status" });
  const element = h("div", { class: "search", role: "search", onfocusout: left }, box, h("kbd", { "aria-hidden": "true" }, "/"), list, heard);
  /** @type {import("../search.js").Match[]} */
  let matches = [];
  let at = 0;
  /** @type {Element|null} where the focus was before */
  let before = null;

  function look() {
    const { layers } = scene;
    const run = runs.get(state.now.run);
    matches = found(box.value, {
      layer: state.now.layer, layers: layers?.layers ?? [], epochs: run ? shownEpochs(run) : [], classes: layers?.classes ?? [],
      ids: layers?.ids ?? [], labels: layers?.labels ?? [], shown: scene.shown, runs: runs.list, selection: state.now.selection,
    });
    at = 0;
    heard.textContent = !box.value.trim() ? "" : matches.length ? `${matches.length} found` : "Nothing found";
    draw();
  }

  function draw() {
    const open = box.value.trim() !== "";
    list.hidden = !open;
    box.setAttribute("aria-expanded", `${open && matches.length > 0}`);
    box.setAttribute("aria-activedescendant", open && matches.length ? `match-${at}` : "");
    fill(list, matches.map((match, i) => h(
      "li",
      {
        id: `match-${i}`, role: "option", "aria-selected": `${i === at}`,
        onpointerdown: (/** @type {PointerEvent} */ event) => event.preventDefault(),
        onclick: () => go(match),
      },
      h("span", { class: "name" }, match.says), h("span", { class: "soft small" }, match.about),
    )), !matches.length && h("li", { class: "soft none" }, "Nothing here has that number or name."));
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && matches.length) at = (at + by + matches.length) % matches.length;
    else if (event.key === "Enter" && matches[at]) return go(matches[at]);
    else if (event.key === "Escape") return box.value ? clear() : leave();
    else return;
    event.preventDefault();
    draw();
  }

  /** @param {import("../search.js").Match} match */
  function go(match) {
    clear();
    leave();
    heard.textContent = `${match.says}.`;
    state.set(match.go);
  }

  function clear() {
    box.value = "";
    look();
  }

  /** Give the focus back to where it came from. */
  function leave() {
    if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
    else box.blur();
  }

  /** @param {FocusEvent} event */
  function left({ relatedTarget }) {
    if (relatedTarget instanceof Node && element.contains(relatedTarget)) return;
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  return {
    element,
    focus() {
      before = document.activeElement;
      box.focus();
      box.select();
    },
  };
}
