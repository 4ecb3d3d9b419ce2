// Light or dark: as the system says until the reader chooses, and then as chosen.

import { createListeners } from "./listeners.js";

const KEY = "saccade-theme";

/** @typedef {import("./palette.js").Tone} Tone */

export function createTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const { on, tell } = createListeners();
  let chosen = kept();

  function apply() {
    document.documentElement.dataset.theme = theme.tone;
    tell();
  }

  const theme = {
    /** @returns {Tone} */
    get tone() {
      return chosen ?? (system.matches ? "dark" : "light");
    },
    toggle() {
      chosen = theme.tone === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(KEY, chosen);
      } catch {
        // A browser that keeps nothing still shows the theme until it is closed.
      }
      apply();
    },
    on,
  };
  system.addEventListener("change", apply);
  apply();
  return theme;
}

/** @returns {Tone|null} */
function kept() {
  try {
    const word = localStorage.getItem(KEY);
    return word === "dark" || word === "light" ? word : null;
  } catch {
    return null;
  }
}
