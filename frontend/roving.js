// One stop of the Tab key for many things: within them, arrows move.

/**
 * Arrows, Home and End move the focus among what `selector` finds in a container, up and down by where
 * things stand on the screen. After a click arrows do what they do on the page, since who points does
 * not mean to step through buttons.
 * @param {HTMLElement} container
 * @param {string} selector
 * @param {(item: HTMLElement) => void} [arrived] called when an arrow has brought the focus
 */
export function roving(container, selector, arrived) {
  let pointed = false;

  /** @returns {HTMLElement[]} */
  const items = () => /** @type {HTMLElement[]} */ ([...container.querySelectorAll(selector)]).filter((item) => item.offsetParent);

  /** @param {HTMLElement|null} chosen the one that Tab comes to */
  function stop(chosen) {
    for (const item of container.querySelectorAll(selector)) {
      const wanted = item === chosen ? 0 : -1;
      if (/** @type {HTMLElement} */ (item).tabIndex !== wanted) /** @type {HTMLElement} */ (item).tabIndex = wanted;
    }
  }

  /** Where Tab comes to: what has the focus, else what is chosen, else the first. */
  function settle() {
    const here = container.querySelector(`:is(${selector}):focus`)
      ?? container.querySelector(`:is(${selector}):is([aria-selected="true"], [aria-current="true"])`)
      ?? container.querySelector(selector);
    stop(/** @type {HTMLElement|null} */ (here));
  }

  container.addEventListener("pointerdown", () => (pointed = true));
  container.addEventListener("focusout", ({ relatedTarget: to }) => {
    if (!(to instanceof Node && container.contains(to))) pointed = false;
  });
  container.addEventListener("focusin", (event) => {
    const item = /** @type {HTMLElement} */ (event.target).closest(selector);
    if (item) stop(/** @type {HTMLElement} */ (item));
  });
  container.addEventListener("keydown", (event) => {
    const item = /** @type {HTMLElement|null} */ (/** @type {HTMLElement} */ (event.target).closest(selector));
    if (!item || pointed || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const next = toward(items(), item, event.key);
    if (next === undefined) return;
    event.preventDefault();
    next?.focus();
    if (next) arrived?.(next);
  });
  new MutationObserver(settle).observe(container, { childList: true, subtree: true, attributeFilter: ["aria-selected", "aria-current"] });
  settle();
}

/**
 * The item that a key leads to: null where there is none, undefined for a key that leads nowhere.
 * @param {HTMLElement[]} items
 * @param {HTMLElement} item
 * @param {string} key
 */
function toward(items, item, key) {
  const place = items.indexOf(item);
  if (key === "Home") return items[0];
  if (key === "End") return items[items.length - 1];
  if (key === "ArrowRight") return items[place + 1] ?? null;
  if (key === "ArrowLeft") return items[place - 1] ?? null;
  if (key !== "ArrowUp" && key !== "ArrowDown") return undefined;
  const down = key === "ArrowDown";
  // In a table what an offset is measured from is the cell, so it is the screen that is asked.
  const at = new Map(items.map((other) => [other, other.getBoundingClientRect()]));
  const [top, left] = (({ top, left }) => [Math.round(top), left])(/** @type {DOMRect} */ (at.get(item)));
  const ahead = [...at].map(([other, box]) => ({ other, top: Math.round(box.top), left: box.left }))
    .filter((other) => (down ? other.top > top : other.top < top));
  if (!ahead.length) return null;
  const row = down ? Math.min(...ahead.map((other) => other.top)) : Math.max(...ahead.map((other) => other.top));
  return ahead.filter((other) => other.top === row)
    .reduce((a, b) => (Math.abs(b.left - left) < Math.abs(a.left - left) ? b : a)).other;
}
