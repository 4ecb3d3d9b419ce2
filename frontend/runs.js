// The runs there are, and what the live ones are doing: events of one of them, a list of all by the clock.

import * as api from "./api.js";
import { createListeners } from "./listeners.js";
import { outdated } from "./kept.js";

/** @typedef {import("./types.js").Run} Run */
/** @typedef {import("./types.js").RunEvent} RunEvent */

const LIVE = ["queued", "starting", "running", "stopping"];
const REFRESH = 4000; // milliseconds, while a run is live or an analysis of it not complete
const QUIET_REFRESH = 20000;

/** @param {Run} run */
export const live = (run) => LIVE.includes(run.state);

/** Epochs of which there is something to show, ascending. @param {Run} run */
export const shownEpochs = (run) => [...run.analysed, ...run.begun].sort((a, b) => a - b);

/** Whether an event tells that results of another step are there. @param {Run} run @param {RunEvent} event */
export function bringsResults({ progress }, event) {
  if (event.kind !== "analysis") return event.kind === "analysed";
  const step = (/** @type {RunEvent|null} */ of) => [of?.epoch, of?.what, of?.layer].join(" ");
  return event.made === true || step(event) !== step(progress);
}

/**
 * The run after one of its events, but for its state; the run itself is left as it was.
 * @param {Run} run
 * @param {RunEvent} event
 * @returns {Run}
 */
export function after(run, event) {
  const next = { ...run };
  if (event.kind === "progress" || event.kind === "analysis") {
    next.progress = event;
    next.phase = event.phase ?? run.phase;
  }
  if (event.kind === "epoch" && event.epoch !== undefined && event.losses) {
    const kept = run.history.epochs.flatMap((epoch, i) =>
      epoch < /** @type {number} */ (event.epoch) ? [[epoch, run.history.losses[i]]] : [],
    );
    kept.push([event.epoch, event.losses]);
    next.history = {
      epochs: kept.map(([epoch]) => /** @type {number} */ (epoch)),
      losses: kept.map(([, losses]) => /** @type {number[]} */ (losses)),
    };
  }
  if (event.kind === "checkpoint") next.checkpoints = withEpoch(run.checkpoints, event.epoch);
  if (event.kind === "warning" || event.kind === "settled") {
    const { code = "", message = "" } = event;
    const others = run.warnings.filter((warning) => warning.code !== code);
    next.warnings = event.kind === "warning" ? [...others, { code, message }] : others;
  }
  return next;
}

/** @param {number[]} epochs @param {number|undefined} epoch */
const withEpoch = (epochs, epoch) =>
  epoch === undefined ? epochs : [...new Set([...epochs, epoch])].sort((a, b) => a - b);

/**
 * The store of runs. Listeners hear of every change; `failure` says why the list is missing.
 * @param {Pick<import("./types.js").State, "now"|"on">} state
 * @param {{hidden: boolean}} page
 */
export function createRuns(state, page) {
  /** @type {Run[]} */
  let list = [];
  let loaded = false;
  /** @type {Error|null} */
  let failure = null;
  let [open, close] = ["", () => {}]; // the run whose events are heard, and how that ends
  /** @type {Map<string, number>} the last event heard of each run */
  const heardOf = new Map();
  /** @type {Map<string, number>} how often each run was told of by itself */
  const looked = new Map();
  /** @type {Map<string, boolean>} runs that are being looked at, and whether to look again */
  const looks = new Map();
  const { on, tell } = createListeners();
  let timer = 0;
  let lists = 0; // that were asked for; the last is heard
  /** @type {import("./types.js").Deleted[]} */
  let deleted = [];

  /** What can still be brought back; asked for again when the first of it is gone for good. */
  async function lookInTrash() {
    clearTimeout(purge);
    deleted = (await api.trash().catch(() => ({ runs: deleted }))).runs;
    tell();
    const first = Math.min(...deleted.map(({ until }) => until));
    if (deleted.length) purge = /** @type {any} */ (setTimeout(lookInTrash, Math.max(5000, first * 1000 - Date.now() + 5000)));
  }
  let purge = 0;

  /** Replies about results that have changed are let go. @param {Run[]} next */
  function hold(next) {
    for (const run of next) {
      const before = store.get(run.id);
      if (before) api.forget(run.id, outdated(before, run));
    }
    list = next;
  }

  /** Lists that were asked for before now tell nothing new of a run. @param {string} id */
  const outdate = (id) => void looked.set(id, (looked.get(id) ?? 0) + 1);

  /** What the server says of one run. @param {Run} run */
  function told(run) {
    outdate(run.id);
    return put(run);
  }

  /** @param {Run} run */
  function put(run) {
    const known = list.some((other) => other.id === run.id);
    hold(known ? list.map((other) => (other.id === run.id ? run : other)) : [run, ...list]);
    listen();
    tell();
    return run;
  }

  /**
   * Hear the run in view if it is live, else one at work; none where nobody looks. Of the six
   * connections that a browser opens to one server, all of its tabs together, each stream holds one.
   */
  function listen() {
    const there = page.hidden ? [] : list.filter(live);
    const run = there.find(({ id }) => id === state.now.run) ?? there.find((one) => one.state !== "queued") ?? there[0];
    const id = run?.id ?? "";
    if (id === open) return;
    close();
    open = id;
    const from = Math.max(heardOf.get(id) ?? 0, run?.progress?.seq ?? 0);
    close = run ? api.events(id, from, (e) => heard(id, e)) : () => {};
  }

  /**
   * What a run has done is in its events; what it is, after a resume too, the server says.
   * @param {string} id
   * @param {RunEvent} event
   */
  function heard(id, event) {
    heardOf.set(id, event.seq);
    const run = store.get(id);
    if (!run) return;
    if (event.kind === "state" || event.kind === "end") return void store.refresh();
    put(after(run, event));
    if (bringsResults(run, event)) void look(id);
  }

  /** Ask what a run has by now, and once more where something came meanwhile. @param {string} id */
  async function look(id) {
    if (looks.has(id)) return void looks.set(id, true);
    looks.set(id, false);
    const run = await api.run(id).catch(() => null);
    if (run && store.get(id)) told(freshest(run));
    const again = looks.get(id);
    looks.delete(id);
    if (again) void look(id);
  }

  /** The newer progress of two tellings of a run. @param {Run} run */
  function freshest(run) {
    const known = store.get(run.id)?.progress;
    const newer = known && live(run) && known.seq > (run.progress?.seq ?? 0);
    return newer ? { ...run, progress: known, phase: known.phase ?? run.phase } : run;
  }

  state.on(["run"], listen);

  const store = {
    get list() {
      return list;
    },
    get loaded() {
      return loaded;
    },
    get failure() {
      return failure;
    },
    /** Runs that were deleted and can be brought back, the last one first. */
    get deleted() {
      return deleted;
    },
    /** @param {string|null} id */
    get: (id) => list.find((run) => run.id === id) ?? null,
    on,
    /** To be called when the page is hidden; `refresh` when it is seen again. */
    listen,
    async refresh() {
      clearTimeout(timer);
      const mine = (lists += 1);
      const before = new Map(looked);
      const newer = (/** @type {Run} */ { id }) => looked.get(id) !== before.get(id);
      try {
        const { runs } = await api.runs();
        if (mine !== lists) return;
        hold([
          ...list.filter((run) => newer(run) && !runs.some(({ id }) => id === run.id)),
          ...runs.flatMap((run) => (newer(run) ? store.get(run.id) ?? [] : freshest(run))),
        ]);
        failure = null;
        if (!loaded) void lookInTrash();
        loaded = true;
        listen();
      } catch (error) {
        if (mine !== lists) return;
        failure = /** @type {Error} */ (error);
      }
      tell();
      clearTimeout(timer);
      const wait = failure || list.some((run) => live(run) || run.begun.length) ? REFRESH : QUIET_REFRESH;
      timer = /** @type {any} */ (setTimeout(() => store.refresh(), wait));
    },
    /** @param {{name: string, config: Record<string, any>}} wanted */
    start: async (wanted) => told(await api.create(wanted)),
    /** @param {string} id */
    stop: async (id) => told(await api.stop(id)),
    /** @param {string} id */
    async resume(id) {
      if (id === open) open = ""; // to be heard anew: it may have been told that there is nothing more
      return told(await api.resume(id));
    },
    /** @param {string} id */
    async remove(id) {
      await api.remove(id);
      outdate(id);
      list = list.filter((run) => run.id !== id);
      listen();
      tell();
      void lookInTrash();
    },
    /** Bring a deleted run back. @param {string} id */
    async restore(id) {
      const run = told(await api.restore(id));
      deleted = deleted.filter((other) => other.id !== id);
      await store.refresh();
      void lookInTrash();
      return run;
    },
  };
  return store;
}
