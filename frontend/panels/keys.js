// The cheat sheet of keys.

import { h } from "../dom.js";
import { KEYS } from "../keyboard.js";

/** @param {import("../types.js").Page} page */
export function keys({ state }) {
  const element = h(
    "dialog",
    { class: "sheet narrow", id: "keys", "aria-label": "Keys" },
    h("div", { class: "card-head" }, h("h2", { class: "big" }, "Keys"), h("span", { class: "gap" }),
      h("button", { class: "quiet", onclick: () => element.close() }, "Close")),
    h("dl", { class: "keys" }, KEYS.map(({ shown, does }) => [
      h("dt", {}, shown.map((key) => h("kbd", {}, key))), h("dd", {}, does),
    ]).flat()),
  );
  element.addEventListener("close", () => {
    if (state.now.dialog === "keys") state.set({ dialog: null });
  });
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close();
  });
  function toggle() {
    if (state.now.dialog !== "keys") element.close();
    else if (!element.open) element.showModal();
  }
  state.on(["dialog"], toggle);
  queueMicrotask(toggle);
  return element;
}
