// A step back or forth in what is selected, hidden and pinned.

import { h } from "../dom.js";

/** @param {import("../types.js").Page} page */
export function undoing({ undo }) {
  const back = h("button", { class: "quiet", id: "undo", onclick: undo.undo }, "Undo");
  const forth = h("button", { class: "quiet", id: "redo", onclick: undo.redo }, "Redo");
  const element = h("div", { class: "undoing", role: "group", "aria-label": "Steps" }, back, forth);

  function draw() {
    const { undoes, redoes } = undo;
    element.hidden = !undoes && !redoes;
    back.disabled = !undoes;
    forth.disabled = !redoes;
    back.title = undoes ? `Undo: ${undoes} (Ctrl+Z)` : "Nothing to undo";
    forth.title = redoes ? `Redo: ${redoes} (Shift+Ctrl+Z)` : "Nothing to redo";
  }

  undo.on(draw);
  draw();
  return element;
}
