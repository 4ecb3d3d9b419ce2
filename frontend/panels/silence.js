// Says so while the server does not answer; it is asked again until it does.

import { fill, h } from "../dom.js";

const THANKS = 4000; // milliseconds that its return is told

/** @param {import("../types.js").Page} page */
export function silence({ api, runs, scene }) {
  const element = h("div", { class: "silence", role: "alert", hidden: true });
  let timer = 0;

  function draw() {
    clearTimeout(timer);
    element.hidden = false;
    element.classList.toggle("over", api.reach.there);
    if (api.reach.there) {
      fill(element, h("span", {}, "The server answers again."));
      timer = /** @type {any} */ (setTimeout(() => (element.hidden = true), THANKS));
      scene.retry();
    } else {
      fill(element, h("span", {}, "The server does not answer. What is here stays, and it is asked again every few seconds."),
        h("button", { class: "button", onclick: () => void runs.refresh() }, "Ask now"));
      void runs.refresh();
    }
  }

  api.reach.on(draw);
  return element;
}
