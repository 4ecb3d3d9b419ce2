// A grid of thousands of tiles, of which only those in view, and some rows to spare, are elements.

import { fill, h, perFrame } from "./dom.js";
import { inView, revealing } from "./rows.js";

const SPARE = 3; // rows above and below the view, for the arrow keys and for what scrolls in
const SETTLE = 100; // milliseconds: what is scrolled past sooner asks for no picture

/**
 * @param {HTMLElement} grid a CSS grid that scrolls, with tiles of one height
 * @param {(item: number) => HTMLElement} make a tile that is cheap
 * @param {(tile: HTMLElement, item: number) => void} dress give it all else, once it stays in view
 */
export function longGrid(grid, make, dress) {
  const [above, below] = [h("div", { class: "spacer", role: "presentation" }), h("div", { class: "spacer", role: "presentation" })];
  /** @type {number[]} */
  let items = [];
  /** @type {Map<number, HTMLElement>} item -> its tile */
  let tiles = new Map();
  /** @type {Set<number>} */
  let bare = new Set();
  /** @type {Set<number>} those that were bare the last time */
  let waiting = new Set();
  let timer = 0;
  let gap = 0; // pixels between rows
  /** @type {import("./rows.js").Grid|null} known once there are tiles to be seen */
  let shape = null;
  /** @type {number|null} to be revealed once the grid is seen */
  let wanted = null;

  const view = () => ({ from: grid.scrollTop, height: grid.clientHeight });

  /** Measured anew where the width may have changed. */
  function measure() {
    const { gridTemplateColumns, rowGap } = getComputedStyle(grid);
    gap = parseFloat(rowGap);
    const columns = gridTemplateColumns.split(" ").length;
    const tile = grid.querySelector(".tile");
    shape = tile && grid.clientHeight
      ? { columns, row: tile.getBoundingClientRect().height + gap, count: items.length }
      : null;
  }

  function update() {
    if (!shape || !items.length) return;
    if (wanted !== null) {
      const place = items.indexOf(wanted);
      if (place >= 0) {
        stretch(inView(shape, view(), SPARE));
        grid.scrollTop = revealing(shape, view(), place);
      }
      wanted = null;
    }
    const seen = inView(shape, view(), SPARE);
    stretch(seen);
    const now = items.slice(seen.first, seen.last);
    const kept = new Set(now);
    for (const [item, tile] of tiles) {
      if (kept.has(item)) continue;
      tile.remove();
      tiles.delete(item);
      bare.delete(item);
    }
    let next = /** @type {Element} */ (below);
    for (let i = now.length - 1; i >= 0; i--) {
      const tile = tiles.get(now[i]) ?? made(now[i], seen.first + i);
      if (tile.nextElementSibling !== next) grid.insertBefore(tile, next);
      next = tile;
    }
    if (bare.size && !timer) timer = /** @type {any} */ (setTimeout(settle, SETTLE));
  }

  /** @param {{above: number, below: number}} rows without tiles */
  function stretch(rows) {
    for (const [spacer, n] of /** @type {[HTMLElement, number][]} */ ([[above, rows.above], [below, rows.below]])) {
      spacer.hidden = n === 0;
      spacer.style.height = `${n * (shape?.row ?? 0) - gap}px`;
    }
  }

  /** @param {number} item @param {number} place */
  function made(item, place) {
    const tile = make(item);
    tile.setAttribute("aria-setsize", `${items.length}`);
    tile.setAttribute("aria-posinset", `${place + 1}`);
    tiles.set(item, tile);
    bare.add(item);
    return tile;
  }

  /** Dress the tiles that have stayed. */
  function settle() {
    timer = 0;
    for (const item of bare) {
      const tile = tiles.get(item);
      if (!waiting.has(item) || !tile) continue;
      dress(tile, item);
      bare.delete(item);
    }
    waiting = new Set(bare);
    if (bare.size) timer = /** @type {any} */ (setTimeout(settle, SETTLE));
  }

  function dressAll() {
    for (const item of bare) dress(/** @type {HTMLElement} */ (tiles.get(item)), item);
    bare.clear();
  }

  /** @param {number[]} next */
  function forget(next) {
    items = next;
    [tiles, bare, waiting, wanted] = [new Map(), new Set(), new Set(), null];
  }

  const moved = perFrame(update);
  grid.addEventListener("scroll", moved, { passive: true });
  new ResizeObserver(() => {
    if (!tiles.size) return;
    measure();
    update();
    dressAll();
  }).observe(grid);

  return {
    /** The tiles there are now, by item. */
    get tiles() {
      return tiles;
    },
    /** Show these items, at least one, from where the grid is scrolled to. @param {number[]} next */
    show(next) {
      const held = [...tiles].find(([, tile]) => tile === document.activeElement)?.[0];
      forget(next);
      above.hidden = below.hidden = true;
      const from = grid.scrollTop;
      grid.replaceChildren(above, below);
      grid.insertBefore(made(items[0], 0), below); // to be measured
      measure();
      if (shape) stretch(inView(shape, { from, height: grid.clientHeight }, SPARE));
      grid.scrollTop = from;
      update();
      dressAll();
      if (held !== undefined) tiles.get(held)?.focus({ preventScroll: true });
    },
    /** Show something else. @param {...import("./dom.js").Child} children */
    instead(...children) {
      forget([]);
      fill(grid, children);
    },
    /** Scroll to an item, as little as needed. @param {number} item */
    reveal(item) {
      wanted = item;
      update();
    },
    /** Bring the focus to the first or the last item, and tell which that is. @param {boolean} first */
    end(first) {
      const item = items[first ? 0 : items.length - 1];
      wanted = item;
      update();
      tiles.get(item)?.focus({ preventScroll: true });
      return item;
    },
  };
}
