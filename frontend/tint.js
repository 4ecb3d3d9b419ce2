// What the points of the checkpoint in view are coloured by, where that is not their class.

import * as api from "./api.js";
import { choices, ofAnswers, ofColumn, ofUnit } from "./colourings.js";
import { shortLayer } from "./text.js";

/** @typedef {import("./types.js").Answers} Answers */
/** @typedef {import("./types.js").Layers} Layers */
/** @typedef {import("./types.js").Seen} Seen */
/** @typedef {import("./types.js").Metadata} Metadata */
/** @typedef {import("./colourings.js").Colouring} Colouring */

/**
 * @param {import("./types.js").State} state
 * @param {() => Seen|null} layersNow
 * @param {() => import("./types.js").Unit|null} unitNow
 * @param {() => void} tell
 */
export function createTint(state, layersNow, unitNow, tell) {
  /** @type {{key: string, reply: Answers|null, error: Error|null}} */
  let answers = { key: "", reply: null, error: null };
  /** @type {{key: string, reply: Metadata|null, error: Error|null}} */
  let metadata = { key: "", reply: null, error: null };
  /** @type {{of: any[], colouring: Colouring|null}} */
  let made = { of: [], colouring: null };

  const ofProbe = () => state.now.colour === "right" || state.now.colour === "confidence";

  async function loadAnswers() {
    const layers = layersNow();
    if (!layers || !ofProbe()) return;
    const key = [layers.stamp, state.now.layer].join(" ");
    if (key === answers.key) return;
    answers = { ...answers, key, error: null };
    try {
      const reply = await api.answers(layers.run, state.now.layer, layers.epoch);
      if (key === answers.key) answers = { key, reply, error: null };
    } catch (error) {
      if (key === answers.key) answers = { key: "", reply: null, error: /** @type {Error} */ (error) };
    }
    if (key === answers.key || answers.error) tell();
  }

  async function loadMetadata() {
    const layers = layersNow();
    if (!layers) return;
    const key = `${layers.dataset} ${layers.split}`;
    if (key === metadata.key) return;
    metadata = { key, reply: null, error: null };
    const found = await api.metadata(layers.dataset, layers.split).then(
      (reply) => ({ key, reply, error: null }), (error) => ({ key: "", reply: null, error }));
    if (key !== metadata.key) return;
    metadata = found;
    tell();
  }

  /** @param {string} word @param {Layers} layers @returns {Colouring|null} */
  function make(word, layers) {
    const unit = unitNow();
    if (word === "unit") return unit && ofUnit(unit, `${shortLayer(layers.layers[unit.layer].name)} / ${unit.unit}`);
    if (word === "right" || word === "confidence") {
      const { reply } = answers;
      const ours = reply?.run === layers.run && reply.predicted && reply.confidence;
      return ours ? ofAnswers(word, /** @type {any} */ (reply), layers) : null;
    }
    const column = metadata.reply?.columns.find(({ name }) => word === `meta.${name}`);
    return column?.values.length === layers.ids.length ? ofColumn(column) : null;
  }

  return {
    /** The colouring in force, or null: by class. */
    get colouring() {
      const layers = layersNow();
      if (!layers || state.now.colour === "class") return null;
      const of = [state.now.colour, layers, unitNow(), answers.reply, metadata.reply];
      if (!of.every((part, i) => part === made.of[i])) made = { of, colouring: make(state.now.colour, layers) };
      return made.colouring;
    },
    /** Why the colouring that is asked for cannot be had, or null. */
    get refusal() {
      const { colour } = state.now;
      if (ofProbe()) return answers.error?.message ?? answers.reply?.reason ?? null;
      if (!colour.startsWith("meta.")) return null;
      if (metadata.error) return metadata.error.message;
      return metadata.reply && !this.colouring ? `These images have no column ${colour.slice(5)}.` : null;
    },
    /** Sentences about metadata that could not be used. */
    get remarks() {
      return metadata.reply?.remarks ?? [];
    },
    /** What can be chosen now, and why some cannot. */
    get choices() {
      const layers = layersNow();
      const { layer, unit } = state.now;
      if (!layers?.layers[layer]) return [];
      const name = unit === null ? null : `${shortLayer(layers.layers[layer].name)} / ${unit}`;
      return choices(layers, layer, name, metadata.reply?.columns ?? [], metadata.error?.message);
    },
    load: () => void Promise.all([loadAnswers(), loadMetadata()]),
  };
}
