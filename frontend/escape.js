// What Esc takes away: one thing at a time, the last that was looked for first.

/** @typedef {import("./state.js").Values} Values */

/**
 * The change one level back from what is shown, or null where nothing is left to leave. A dialog
 * that is open and search close themselves before; one that has yet to come is called off.
 * @param {Readonly<Values>} values
 * @returns {Partial<Values>|null}
 */
export function oneLevelBack({ dialog, selection, unit, image, view, tab }) {
  if (dialog !== null) return { dialog: null };
  if (selection.length) return { selection: [] };
  if (unit !== null) return { unit: null, colour: "class" };
  if (image !== null) return { image: null };
  if (view !== null && tab === "map") return { view: null };
  if (tab !== "map") return { tab: "map" };
  return null;
}
