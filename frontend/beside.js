// The checkpoint that the one in view is compared with: of another run, or another epoch of its own.

import * as api from "./api.js";
import { createAsking } from "./asking.js";
import { createListeners } from "./listeners.js";
import { layerMaps } from "./layermaps.js";
import { epochBeside, inOrder, layerBeside } from "./versus.js";

/** @typedef {import("./types.js").Seen} Seen */
/** @typedef {import("./types.js").Points} Points */
/** @typedef {import("./types.js").Run} Run */

/**
 * It is loaded while the Compare tab is in view. Listeners hear when what it tells has changed.
 * @param {import("./types.js").State} state
 * @param {import("./types.js").Runs} runs
 * @param {import("./types.js").Scene} scene
 */
export function createBeside(state, runs, scene) {
  /** @type {Seen|null} */
  let layers = null;
  /** @type {Points[]} */
  let maps = [];
  /** @type {string|null} */
  let notice = null;
  const asking = createAsking();
  const { on, tell } = createListeners();

  /** The run that is chosen, if it has something to compare. */
  function chosen() {
    const run = runs.get(state.now.versus);
    return run?.analysed.length ? run : null;
  }

  /** The other checkpoint, or null, as where the one in view is not complete. */
  function target() {
    const [here, run] = [scene.target(), chosen()];
    if (!here?.whole || !run) return null;
    const own = run.id === here.run.id ? here.epoch : null;
    const epoch = epochBeside(run.analysed, state.now.versus_epoch, own);
    return { run: run.id, epoch, stamp: `${run.id} ${epoch} ${run.stamps[epoch]}` };
  }

  /** Why the maps of both cannot lie side by side, as a sentence. @param {Seen} one @param {Seen} other */
  function unlike(one, other) {
    if (one.fingerprint && other.fingerprint && one.fingerprint !== other.fingerprint) {
      return "The two were analysed on different images that bear the same numbers.";
    }
    if (one.dataset === other.dataset && one.split === other.split) return null;
    return `One run was analysed on images ${one.split} of ${one.dataset}, the other on ${other.split} of ${other.dataset}: only what was analysed on the same images can be compared.`;
  }

  /** Why the checkpoint in view is not compared with anything, or null. */
  function unfinished() {
    const here = scene.target();
    return here && !here.whole ? `Epoch ${here.epoch} can be compared as soon as it is analysed to its end.` : null;
  }

  function load() {
    const [goal, here] = [target(), scene.layers];
    if (state.now.tab !== "compare") return;
    const wanted = !goal ? unfinished() ?? "" : here ? `${goal.stamp} ${here.stamp}` : "";
    if (!goal || !here) {
      asking.ask(wanted, async () => unfinished(), (found) => {
        [layers, maps, notice] = [null, [], found];
        tell();
      });
      return;
    }
    const { run, epoch, stamp } = goal;
    const of = { run, epoch, layers: runs.get(run)?.layers ?? 1 };
    const asked = asking.ask(wanted, () => layerMaps(api.layers(run, epoch), of), (found, error) => {
      layers = found && { ...found.info, stamp };
      notice = error?.message ?? (layers && unlike(here, layers));
      maps = found && !notice ? found.maps.map((map) => inOrder(map, found.info.ids, here.ids)) : [];
      tell();
    });
    if (asked && layers?.run !== goal.run) [layers, maps] = [null, []];
  }

  runs.on(load);
  scene.on(["maps"], load);
  state.on(["tab", "versus", "versus_epoch"], load);

  return {
    chosen,
    target,
    /** What holds for all its maps, once they are there. */
    get layers() {
      return layers;
    },
    /** Its maps, with the points in the order of the images in view; none where these are others. */
    get maps() {
      return maps;
    },
    /** Why there are no maps, where another checkpoint is chosen. */
    get notice() {
      return notice;
    },
    /** Its layer that lies beside the one in view. */
    get layer() {
      const count = runs.get(target()?.run ?? null)?.layers ?? 2;
      return layerBeside(state.now.versus_layer, state.now.layer, count);
    },
    on,
  };
}
