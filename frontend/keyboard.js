// The whole page by keyboard.

import { ordered, stepped } from "./units.js";

/** What the cheat sheet tells. */
export const KEYS = [
  { shown: ["↑", "↓"], does: "layer up, layer down" },
  { shown: ["←", "→"], does: "unit before, unit after, in the order of the grid" },
  { shown: [",", "."], does: "epoch before, epoch after" },
  { shown: ["Space"], does: "play the epochs, or pause" },
  { shown: ["1", "2", "3", "4", "5"], does: "Map, Neurons, Probes, Learning, Compare" },
  { shown: ["c"], does: "colour by class or by the unit" },
  { shown: ["n"], does: "new run" },
  { shown: ["Esc"], does: "one step back: selection, unit, pinned image" },
  { shown: ["?"], does: "this list" },
  { shown: ["Shift", "drag"], does: "add to the selection" },
  { shown: ["Alt", "drag"], does: "take from the selection" },
];

const TABS = /** @type {const} */ (["map", "units", "probes", "learning", "compare"]);

/**
 * @param {import("./types.js").Page} page
 * @param {{step: (by: number) => void, play: () => void}} epochs
 */
export function listenToKeys({ state, scene }, epochs) {
  /** @type {Record<string, () => void>} */
  const does = {
    ArrowUp: () => state.set({ layer: state.now.layer + 1 }),
    ArrowDown: () => state.set({ layer: Math.max(0, state.now.layer - 1) }),
    ArrowLeft: () => unit(-1),
    ArrowRight: () => unit(1),
    ",": () => epochs.step(-1),
    ".": () => epochs.step(1),
    " ": () => epochs.play(),
    c: () => {
      if (state.now.unit !== null) state.set({ colour: state.now.colour === "unit" ? "class" : "unit" });
    },
    n: () => state.set({ dialog: "new" }),
    "?": () => state.set({ dialog: "keys" }),
    Escape: back,
  };
  TABS.forEach((tab, i) => (does[`${i + 1}`] = () => state.set({ tab })));

  /** @param {number} by */
  function unit(by) {
    if (!scene.focus.units) return;
    const { sort, only, unit: now } = state.now;
    const next = stepped(ordered(scene.focus.units, sort, only), now, by);
    if (next !== null) state.set({ unit: next, colour: "unit" }, { quietly: now !== null });
  }

  function back() {
    const { selection, unit: now, image } = state.now;
    if (selection.length) state.set({ selection: [] });
    else if (now !== null) state.set({ unit: null, colour: "class" });
    else if (image !== null) state.set({ image: null });
  }

  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest("input, select, textarea") || document.querySelector("dialog[open]")) return;
    if (event.key === " " && target.closest("button, summary, a")) return;
    const act = does[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
