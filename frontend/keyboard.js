// The whole page by keyboard.

import { oneLevelBack } from "./escape.js";
import { standalone } from "./standalone.js";

const TABS = /** @type {const} */ (["map", "units", "probes", "learning", "compare"]);

const OF_SLIDER = /^(Arrow|Page|Home|End)/; // keys that a slider takes itself

/**
 * @param {import("./types.js").Page} page
 * @param {{step: (by: number) => void, play: () => void, unit: (by: number) => void, find: () => void}} parts
 */
export function listenToKeys({ state, undo }, { step, play, unit, find }) {
  /** @type {Record<string, () => void>} */
  const does = {
    ArrowUp: () => state.set({ layer: state.now.layer + 1 }),
    ArrowDown: () => state.set({ layer: Math.max(0, state.now.layer - 1) }),
    ArrowLeft: () => unit(-1),
    ArrowRight: () => unit(1),
    ",": () => step(-1),
    ".": () => step(1),
    " ": play,
    "/": find,
    c: () => {
      if (state.now.unit !== null) state.set({ colour: state.now.colour === "unit" ? "class" : "unit" });
    },
    n: () => standalone || state.set({ dialog: "new" }),
    e: () => state.set({ dialog: "export" }),
    "?": () => state.set({ dialog: "keys" }),
    Escape: back,
  };
  TABS.forEach((tab, i) => (does[`${i + 1}`] = () => state.set({ tab })));

  function back() {
    const change = oneLevelBack(state.now);
    if (change) state.set(change);
  }

  /** Undo, redo, or null for another key. @param {KeyboardEvent} event */
  function stepOf({ key, shiftKey }) {
    const letter = key.toLowerCase();
    if (letter === "y") return undo.redo;
    return letter === "z" ? (shiftKey ? undo.redo : undo.undo) : null;
  }

  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.closest("input:not([type=range]), select, textarea")) return;
    if (target.closest("input") && OF_SLIDER.test(event.key)) return;
    if (event.key === " " && target.closest("button, summary, a")) return;
    const act = event.ctrlKey || event.metaKey ? stepOf(event) : does[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
