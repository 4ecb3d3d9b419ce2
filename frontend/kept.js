// Replies of the server that are held, so that what was looked at once needs no request again.

/**
 * Whether a reply is about a run, be it the one in view or the one compared with it, or about one of
 * its epochs.
 * @param {string} path as it is asked for
 * @param {string} run
 * @param {number|null} epoch null: any
 */
export function isAbout(path, run, epoch = null) {
  const [place, query = ""] = path.split("?");
  const asked = new URLSearchParams(query);
  const [versus, at] = (asked.get("versus") ?? "").split("@");
  const own = place.startsWith(`runs/${encodeURIComponent(run)}/`);
  if (epoch === null) return own || versus === run;
  const other = asked.get("versus_epoch") ?? at ?? `${epoch}`;
  return (own && asked.get("epoch") === `${epoch}`) || (versus === run && other === `${epoch}`);
}

/** Replies that tell of one epoch alone, without a baseline or a course over epochs. */
const OF_ONE_EPOCH = /\/(embedding|answers|neighbours\/\d+|units\/\d+|units\/\d+\/prediction)$/;

/**
 * What no longer holds of a run: all that is told of some `epochs`, and, where another epoch is
 * complete, what is told `across` epochs.
 * @typedef {{epochs: number[], across: boolean}} Outdated
 * @param {{analysed: number[], stamps: Record<string, string>}} before
 * @param {{analysed: number[], stamps: Record<string, string>}} now
 * @returns {Outdated}
 */
export function outdated(before, now) {
  const epochs = Object.keys(before.stamps).filter((epoch) => before.stamps[epoch] !== now.stamps[epoch]);
  return { epochs: epochs.map(Number), across: before.analysed.join() !== now.analysed.join() };
}

/**
 * The replies to some paths, asked for once each; where there are too many those go that were wanted longest ago.
 * @param {(path: string) => Promise<any>} ask
 * @param {number} most
 */
export function createKept(ask, most) {
  /** @type {Map<string, Promise<any>>} */
  const kept = new Map();

  /** Let go of a reply, unless a newer one has its place. @param {string} path @param {Promise<any>} reply */
  function drop(path, reply) {
    if (kept.get(path) === reply) kept.delete(path);
  }

  return {
    /** @param {string} path @returns {Promise<any>} */
    once(path) {
      const held = kept.get(path);
      const reply = held ?? ask(path);
      kept.delete(path);
      kept.set(path, reply);
      if (held) return held;
      reply.catch(() => drop(path, reply));
      if (kept.size > most) kept.delete(/** @type {string} */ (kept.keys().next().value));
      return reply;
    },
    /** The same; a reply that gives a reason why there is nothing is not held. @param {string} path @returns {Promise<any>} */
    async unlessLacking(path) {
      const held = this.once(path);
      const reply = await held;
      if (reply.reason) drop(path, held);
      return reply;
    },
    /** @param {string} run @param {Outdated} what */
    forget(run, { epochs, across }) {
      for (const path of [...kept.keys()]) {
        const over = across && isAbout(path, run) && !OF_ONE_EPOCH.test(path.split("?")[0]);
        if (over || epochs.some((epoch) => isAbout(path, run, epoch))) kept.delete(path);
      }
    },
  };
}
