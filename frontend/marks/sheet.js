// A dialog over the page, open as long as the address names it.

import { h } from "../dom.js";

/**
 * @param {Pick<import("../types.js").Page, "state">} page
 * @param {{word: string, id: string, title: string, stays?: boolean, opened?: () => void}} what `word` is what
 *   the address says; with `stays` a click beside it does not close it; `opened` is told when it opens
 * @param {...(import("../dom.js").Child)} children
 */
export function sheet({ state }, { word, id, title, stays = false, opened = () => {} }, ...children) {
  const element = h("dialog", { class: "sheet narrow", id, "aria-label": title },
    h("div", { class: "card-head" }, h("h2", { class: "big" }, title), h("span", { class: "gap" }),
      h("button", { class: "quiet", onclick: () => element.close() }, "Close")),
    ...children);
  element.addEventListener("close", () => {
    if (state.now.dialog === word) state.set({ dialog: null });
  });
  element.addEventListener("click", (event) => {
    if (event.target === element && !stays) element.close();
  });

  function toggle() {
    if (state.now.dialog !== word) return element.close();
    if (element.open) return;
    opened();
    element.showModal();
  }
  state.on(["dialog"], toggle);
  queueMicrotask(toggle);
  return element;
}
