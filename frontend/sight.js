// A card in view, where it stands below the maps and what opens it might seem to do nothing.

const narrow = matchMedia("(max-width: 1080px)");
const SEEN = 160; // pixels of a card that show that it is there

/** Scrolls by as little as shows that the card is there; the focus stays. @param {HTMLElement} card */
export function bringIntoSight(card) {
  if (!narrow.matches) return;
  const { top, bottom } = card.getBoundingClientRect();
  const head = /** @type {HTMLElement} */ (document.querySelector(".header")).offsetHeight;
  const foot = innerHeight - /** @type {HTMLElement} */ (document.querySelector(".footer")).offsetHeight;
  const wanted = Math.min(SEEN, bottom - top);
  if (Math.min(bottom, foot) - Math.max(top, head) >= wanted - 1) return;
  scrollBy(0, top < head ? top - head : top + wanted - foot);
}
