// What the panels look at together: one checkpoint with its maps, and the unit that colours it.

import * as api from "./api.js";
import { createFocus } from "./focus.js";
import { createTint } from "./tint.js";
import { groupsOf } from "./colourings.js";
import { byClass, inTurns, shownPoints } from "./groups.js";
import { layerMaps } from "./layermaps.js";
import { layerName } from "./text.js";
import { mask } from "./selection.js";
import { shownEpochs } from "./runs.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Seen} Seen */

/**
 * `status`: loading (nothing to show yet), none (no run at all), waiting (no results yet),
 * failed (`error` says why) or ready.
 * @typedef {"loading"|"none"|"waiting"|"failed"|"ready"} Status
 * @typedef {"maps"|"paint"|"selection"|"unit"|"units"} Change
 */

/**
 * Listeners hear which part changed: maps (another checkpoint, or the status), paint (colours or
 * what is hidden), selection, unit (the unit of the card), units (all units of the layer).
 * @param {import("./types.js").State} state
 * @param {import("./types.js").Runs} runs
 * @param {import("./types.js").Theme} theme
 */
export function createScene(state, runs, theme) {
  /** @type {Status} */
  let status = "loading";
  /** @type {Error|null} */
  let error = null;
  /** @type {Seen|null} */
  let layers = null;
  /** @type {import("./types.js").LayerMap[]} */
  let maps = [];
  /** @type {Map<number, number>} */
  let places = new Map();
  let shown = new Uint8Array();
  let selected = new Uint8Array();
  /** @type {import("./types.js").Group[]} */
  let groups = [];
  let asked = "";
  /** @type {any[]} what the groups were made from */
  let painted = [];
  /** @type {{kinds: Set<Change>, listener: () => void}[]} */
  const listeners = [];

  /** @param {...Change} kinds */
  function tell(...kinds) {
    for (const entry of listeners) if (kinds.some((kind) => entry.kinds.has(kind))) entry.listener();
  }

  /** There is nothing to show, and what was asked for is asked for again when its turn comes. @param {Exclude<Status, "ready">} next @param {Error|null} [why] */
  function standing(next, why = null) {
    if (next === status && why?.message === error?.message) return;
    [layers, asked] = [null, ""];
    status = next;
    error = why;
    tell("maps");
  }

  /**
   * The run in view and the epoch of it that is shown, or null: the one asked for, else the last that
   * is complete. `stamp` tells its results from those it had before, `whole` that all are there.
   */
  function target() {
    const run = runs.get(state.now.run);
    if (!run) return null;
    const [there, { epoch: asked }] = [shownEpochs(run), state.now];
    const epoch = asked !== null && there.includes(asked) ? asked : (run.analysed.at(-1) ?? there.at(-1));
    if (epoch === undefined) return null;
    const stamp = [run.id, epoch, run.stamps[epoch], run.analysed].join(" ");
    return { run, epoch, stamp, whole: run.analysed.includes(epoch) };
  }

  async function load() {
    if (!runs.loaded) return runs.failure ? standing("failed", runs.failure) : undefined;
    if (!runs.list.length) return standing("none");
    const run = runs.get(state.now.run);
    if (!run) return choose();
    const goal = target();
    if (!goal) {
      asked = "";
      return standing("waiting");
    }
    // An address without a run forgets which layer is the top one; what is shown still knows.
    if (layers?.run === run.id) state.limit(maps.length - 1);
    else if (layers) standing("loading");
    const key = goal.stamp;
    if (key === asked) return;
    asked = key;
    try {
      const told = api.layers(run.id, goal.epoch);
      const without = goal.whole ? [] : (await told).layers.map(({ missing }) => missing.includes("embedding"));
      const { info, maps: read } = await layerMaps(told, { run: run.id, epoch: goal.epoch, layers: run.layers }, without);
      if (key !== asked) return;
      state.limit(read.length - 1);
      const sameImages = layers?.ids.length === info.ids.length && layers.run === info.run;
      const seen = { ...info, stamp: key };
      layers = sameImages && layers ? { ...seen, ids: layers.ids, labels: layers.labels } : seen;
      maps = read;
      if (!sameImages) places = new Map(Array.from(info.ids, (id, place) => [id, place]));
      status = "ready";
      error = null;
      repaint();
      reselect();
      tell("maps", "selection");
      focus.load();
      tint.load();
    } catch (caught) {
      if (key !== asked) return;
      asked = "";
      standing("failed", /** @type {Error} */ (caught));
    }
  }

  /** Without a run in the address, or with one that is gone: the newest with something to show. */
  function choose() {
    if (state.now.run !== null) {
      return standing("failed", new Error(`There is no run ${state.now.run}; choose one of the runs.`));
    }
    const run = runs.list.find((r) => shownEpochs(r).length) ?? runs.list[0];
    state.set({ ...state.now, run: run.id }, { quietly: true });
  }

  function repaint() {
    if (!layers) return;
    const { colouring } = tint;
    const { hidden, off } = state.now;
    const wanted = [layers.labels, colouring, hidden.join(), off.join(), theme.tone];
    if (wanted.every((part, i) => part === painted[i])) return;
    painted = wanted;
    shown = shownPoints(layers.labels, hidden, layers.classes.length);
    if (colouring?.names.length) {
      const left = shownPoints(colouring.values, off, colouring.names.length);
      shown = shown.map((one, place) => one & left[place]);
    }
    const plain = colouring ? groupsOf(colouring, shown, theme.tone) : byClass(layers.labels, shown, theme.tone);
    const mixed = !colouring || colouring.names.length > 0;
    groups = mixed ? inTurns(plain) : plain;
  }

  function reselect() {
    if (layers) selected = mask(layers.ids, state.now.selection);
  }

  const focus = createFocus(state, () => layers, (kind) => {
    const before = groups;
    repaint();
    tell(kind, ...(groups === before ? [] : /** @type {Change[]} */ (["paint"])));
  });

  const tint = createTint(state, () => layers, () => focus.unit, () => {
    repaint();
    tell("paint");
  });

  const scene = {
    get status() {
      return status;
    },
    get error() {
      return error;
    },
    get layers() {
      return layers;
    },
    get maps() {
      return maps;
    },
    /** 1 where the image at that place belongs to a class, and to a category, that is not hidden. */
    get shown() {
      return shown;
    },
    /** 1 where the image at that place is selected. */
    get selected() {
      return selected;
    },
    /** Points by colour and shape, in the order they are drawn. */
    get groups() {
      return groups;
    },
    focus,
    tint,
    /** Are the maps coloured by a unit's responses? */
    get tinted() {
      return state.now.colour === "unit" && focus.unit !== null;
    },
    target,
    /** The place of an image in the order of ids, or -1. @param {number} id */
    place: (id) => places.get(id) ?? -1,
    /** The class name of the image at a place. @param {number} place */
    className: (place) =>
      layers && layers.labels[place] >= 0 ? layers.classes[layers.labels[place]] : "no label",
    /** The name of a layer of the run in view. @param {number} layer */
    layerName: (layer) => layers?.layers[layer]?.name ?? layerName(runs.get(state.now.run)?.model?.layers, layer),
    /** Who comes when something is there hears of it at once. @param {Change[]} kinds @param {() => void} listener */
    on(kinds, listener) {
      listeners.push({ kinds: new Set(kinds), listener });
      if (status !== "loading") queueMicrotask(listener);
    },
    load,
    /** Ask again for what could not be had, and show anew what could not be shown. */
    retry() {
      if (status !== "ready") return void load();
      focus.load();
      tint.load();
      tell("maps");
    },
  };

  runs.on(() => void load());
  state.on(["run", "epoch"], () => void load());
  state.on(["selection"], () => {
    reselect();
    tell("selection");
  });
  state.on(["layer", "unit", "sort", "like"], () => focus.load());
  state.on(["layer", "colour"], () => tint.load());
  state.on(["hidden", "off", "colour"], () => {
    repaint();
    tell("paint");
  });
  theme.on(() => {
    repaint();
    tell("paint");
  });
  return scene;
}
