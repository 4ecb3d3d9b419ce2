// The name, the run in view, and what concerns the page as a whole.

import { fill, h, refill } from "../dom.js";
import { colourPick } from "../marks/colourpick.js";

/** @param {import("../types.js").Page} page @param {HTMLElement} search */
export function header({ state, scene, runs, theme }, search) {
  const run = h("span", { class: "run-now" });
  const colour = h("label", { class: "pick" });
  const copied = h("span", { class: "unseen", "aria-live": "polite" });
  const copy = h("button", { class: "quiet", id: "copy-link", onclick: link }, "Copy link");
  const tone = h("button", { class: "quiet", id: "theme", onclick: () => theme.toggle() });
  const element = h(
    "header",
    { class: "header" },
    h("h1", { class: "brand" }, h("span", { class: "logo", "aria-hidden": "true" }), "Saccade"),
    h("button", { class: "quiet only-narrow", id: "show-runs", onclick: () => state.set({ dialog: state.now.dialog === "runs" ? null : "runs" }) }, "Runs"),
    run,
    colour,
    h("span", { class: "gap" }),
    search,
    h("button", { class: "quiet", id: "show-export", onclick: () => state.set({ dialog: "export" }) }, "Export"),
    copy,
    copied,
    h("button", { class: "quiet wide-only", onclick: () => state.set({ dialog: "keys" }) }, "Keys ", h("kbd", {}, "?")),
    tone,
  );

  function drawRun() {
    const now = runs.get(state.now.run);
    fill(run, now && [h("span", { class: "soft" }, "run "), h("b", { title: now.name }, now.name)]);
    document.title = now ? `${now.name} · Saccade` : "Saccade";
  }

  function drawColour() {
    colour.hidden = !scene.layers;
    refill(colour, h("span", { class: "soft" }, "colour"), colourPick({ state, scene }, "colour"));
  }

  async function link() {
    const { run: id, epoch } = state.now;
    const address = new URL(state.link({ run: id, epoch: scene.layers?.epoch ?? epoch }), location.href).href;
    try {
      await navigator.clipboard.writeText(address);
      copy.textContent = "Copied";
      copied.textContent = "The address of this view is copied.";
    } catch {
      history.replaceState(null, "", address);
      copy.textContent = "In the address bar";
      copied.textContent = "The address of this view could not be copied; it is in the address bar.";
    }
    setTimeout(() => (copy.textContent = "Copy link"), 1600);
  }

  function drawTone() {
    const dark = theme.tone === "dark";
    tone.textContent = dark ? "Light" : "Dark";
    tone.setAttribute("aria-label", dark ? "Use the light theme" : "Use the dark theme");
  }

  runs.on(drawRun);
  state.on(["run"], drawRun);
  scene.on(["maps", "paint", "unit"], drawColour);
  state.on(["unit", "layer", "colour"], drawColour);
  theme.on(drawTone);
  drawTone();
  drawColour();
  return element;
}
