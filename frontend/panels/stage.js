// The main panel: its tabs, or why there is nothing to show yet.

import { fill, h } from "../dom.js";
import { roving } from "../roving.js";
import { live } from "../runs.js";
import { progress } from "../marks/progress.js";

const TABS = /** @type {const} */ ([["map", "Map"], ["units", "Neurons"], ["probes", "Probes"], ["learning", "Learning"], ["compare", "Compare"]]);

/**
 * @param {import("../types.js").Page} page
 * @param {Record<"map"|"units"|"probes"|"learning"|"compare", HTMLElement[]>} bodies
 */
export function stage({ state, scene, runs }, bodies) {
  const tabs = TABS.map(([tab, says]) => h("button", {
    role: "tab", id: `tab-${tab}`, "aria-controls": `body-${tab}`, onclick: () => state.set({ tab }),
  }, says));
  const where = h("span", { class: "soft where" });
  const views = TABS.map(([tab]) => h("div", {
    class: `tab-body ${tab}-body`, role: "tabpanel", id: `body-${tab}`, "aria-labelledby": `tab-${tab}`,
  }, bodies[tab]));
  const list = h("div", { role: "tablist", "aria-label": "Views" }, tabs);
  const head = h("div", { class: "tabs" }, list, where);
  const wait = h("div", { class: "wait" });
  const lacking = h("p", { class: "notice bad lacking-layer", role: "alert", hidden: true });
  const element = h("section", { class: "stage", "aria-label": "Main view" }, head, lacking, views, wait);
  const bar = progress(true);
  let told = "";

  function draw() {
    const ready = scene.status === "ready";
    const run = runs.get(state.now.run);
    const early = scene.status === "waiting" && run !== null && live(run);
    // A comparison of rules needs no analysed run, and one at work tells its losses before it is.
    const shown = ready || state.now.tab === "compare" || (early && state.now.tab === "learning");
    head.hidden = !shown && !early;
    wait.hidden = shown;
    lacking.hidden = !ready || state.lacking === null;
    TABS.forEach(([tab], i) => {
      const on = tab === state.now.tab;
      tabs[i].setAttribute("aria-selected", `${on}`);
      views[i].hidden = !on || !shown;
    });
    if (ready && scene.layers) {
      const info = scene.layers.layers[state.now.layer];
      fill(where, state.now.tab === "compare" ? "" : `${info.name} · epoch ${scene.layers.epoch}`);
      fill(lacking, `This run has no layer ${state.lacking}; this is its top one, ${info.name}.`);
      told = "";
      return;
    }
    fill(where);
    drawWait();
  }

  function drawWait() {
    const run = runs.get(state.now.run);
    if (run && scene.status === "waiting") bar.update(run);
    const wanted = `${scene.status} ${run?.id} ${run?.state} ${run?.phase} ${scene.error?.message}`;
    if (wanted === told) return;
    told = wanted;
    fill(wait, words(run));
  }

  /** @param {import("../types.js").Run|null} run */
  function words(run) {
    const again = h("button", { class: "button", onclick: () => void runs.refresh().then(() => scene.load()) }, "Try again");
    const fresh = h("button", { class: "button primary", onclick: () => state.set({ dialog: "new" }) }, "New run");
    /** @param {string} title @param {...(import("../dom.js").Child)} rest */
    const told = (title, ...rest) => h("div", { class: "wait-words" }, h("h2", { class: "big" }, title), rest);
    if (scene.status === "loading") return h("div", { class: "spinner", role: "status", "aria-label": "Loading" });
    if (scene.status === "none") {
      return told("No runs yet", h("p", { class: "soft" }, "Train an encoder on the photographs that come with Saccade; a small one takes minutes on a laptop."), fresh);
    }
    if (scene.status === "failed") {
      return told("This could not be shown", h("p", { class: "notice bad" }, scene.error?.message ?? ""), again);
    }
    if (!run) return null;
    if (live(run)) {
      const doing = run.state === "queued" ? "Waiting" : run.phase === "analysing" ? "Analysing the first checkpoint" : "Training";
      return told(doing,
        h("p", { class: "soft" }, "The maps appear here as soon as the first checkpoint is analysed."), bar.element,
        h("button", { class: "button", disabled: run.state === "stopping", onclick: () => void runs.stop(run.id).catch(() => runs.refresh()) }, "Stop"));
    }
    return told(
      run.state === "failed" ? "This run failed before it was analysed" : "This run has no analysed checkpoint",
      run.error && h("p", { class: "notice bad" }, run.error.message),
      h("p", { class: "soft" }, "Resume it from the list of runs, or analyse it from a terminal: ", h("code", {}, `saccade analyse ${run.id}`)),
    );
  }

  scene.on(["maps"], draw);
  state.on(["tab", "layer", "run"], draw);
  runs.on(() => scene.status === "ready" || draw());
  draw();
  roving(list, "[role=tab]", (tab) => tab.click());
  return element;
}
