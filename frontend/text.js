// Numbers and sentences as people read them.

/** A whole number as "2,000"; Intl does the same, but takes a while to load. @param {number} n */
export const count = (n) => `${n}`.replace(/\B(?=(\d{3})+$)/g, ",");

/**
 * "1 image", "2,000 images".
 * @param {number} n
 * @param {string} noun
 */
export const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/**
 * A share of one as "54.3 %".
 * @param {number|null|undefined} share
 * @param {number} digits
 */
export const percent = (share, digits = 1) =>
  share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`;

/**
 * A number with a true minus sign; what rounds to nought has none.
 * @param {number|null|undefined} n
 * @param {number} digits
 */
export const decimal = (n, digits = 2) =>
  n === null || n === undefined || !Number.isFinite(n)
    ? "–"
    : (Number(n.toFixed(digits)) || 0).toFixed(digits).replace("-", "−");

/** @param {number|null|undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 59.5) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/**
 * A name that a chart, which reads a subset of HTML, shows as it stands.
 * @param {string} name
 */
export const plain = (name) =>
  name.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/**
 * "Layer 3", or what a run calls that layer; layer 0 is the input.
 * @param {string[]|null|undefined} names those that a run has of its own, of layers 1, 2, ...
 * @param {number} layer
 */
export const layerName = (names, layer) => (layer ? names?.[layer - 1] ?? `Layer ${layer}` : "Input");

const LONG = 12; // letters that a label has room for

/** The end of a long name, where names of modules differ. @param {string} name */
export const tail = (name) => (name.length > LONG ? `…${name.slice(1 - LONG)}` : name);

/** The name of a layer as a label: "L3" for "Layer 3". @param {string} name */
export const shortLayer = (name) => tail(name.replace(/^Layer (?=\d+$)/, "L"));

/**
 * One sentence on a layer: the text alternative of its map.
 * @param {import("./types.js").LayerInfo} layer
 */
export function layerSentence(layer) {
  const parts = [layer.layer ? counted(layer.units, "unit") : "raw pixels"];
  if (layer.probe) {
    const { accuracy, low, high, random } = layer.probe;
    parts.push(
      `${percent(accuracy)} probe accuracy (95 % interval ${percent(low)} to ${percent(high)})`,
    );
    if (random && layer.layer) parts.push(`random encoder ${percent(random.accuracy)}`);
  }
  if (layer.kept_neighbours !== null) {
    parts.push(`the map keeps ${percent(layer.kept_neighbours, 0)} of nearest neighbours`);
  }
  if (layer.layer && layer.silent !== null) parts.push(counted(layer.silent, "silent unit"));
  if (layer.loss !== null) parts.push(`mean loss ${decimal(layer.loss, 3)}`);
  return `${layer.name}: ${parts.join(", ")}.`;
}

/**
 * What the strip shows of all layers, as a sentence and rows.
 * @param {import("./types.js").Layers} layers
 */
export function layersInWords({ layers }) {
  const read = layers.filter(({ layer, probe }) => layer && probe);
  const best = read.reduce((a, b) => ((b.probe?.accuracy ?? 0) > (a.probe?.accuracy ?? 0) ? b : a), read[0]);
  const share = (/** @type {string} */ says, /** @type {string} */ why) => ({ says, why, written: percent });
  return {
    says: best ? `Read best: ${layerSentence(best)}` : layers.map(layerSentence).join(" "),
    columns: [
      { says: "layer" }, { says: "units" }, share("probe", "Share of test images that a linear classifier gets right"),
      share("95 % from", "The 95 % interval of it"), share("to", "The 95 % interval of it"),
      share("random", "The same of an encoder that was never trained"),
      share("kept", "Share of nearest neighbours that the map keeps"),
      { says: "loss", why: "Mean over the epoch before this checkpoint", written: (/** @type {number} */ v) => decimal(v, 3) },
      { says: "silent", why: "Units that answer to no patch at all" },
    ],
    rows: layers.map(({ layer, name, units, probe, kept_neighbours: kept, loss, silent }) => [
      name, layer ? units : null, probe?.accuracy ?? null, probe?.low ?? null, probe?.high ?? null,
      (layer ? probe?.random?.accuracy : null) ?? null, kept, loss, layer ? silent : null,
    ]),
  };
}

/**
 * How a map was made, from the parameters stored with its coordinates.
 * @param {Record<string, string|number>|undefined} parameters
 * @param {number|null} kept
 */
export function mapCaption(parameters, kept) {
  const parts = [String(parameters?.method ?? "t-SNE")];
  for (const name of ["perplexity", "seed"]) {
    const value = parameters?.[name];
    if (value !== undefined) parts.push(`${name} ${typeof value === "number" && !Number.isInteger(value) ? value.toFixed(1) : value}`);
  }
  const how = parts.join(", ");
  return kept === null ? how : `${how} · keeps ${percent(kept, 0)} of ${parameters?.kept ?? 10} nearest neighbours`;
}

/** What an analysis makes, where its own word does not say it. @type {Record<string, string>} */
const STEPS = { activity: "units", embedding: "map", neighbours: "nearest images", tuning: "gratings" };

/**
 * What a live run is doing now, in a few words.
 * @param {import("./types.js").Run} run
 */
export function doing(run) {
  const now = run.progress;
  if (run.state === "queued") return "waiting for a free place";
  if (run.state === "starting" || !now) return run.state === "stopping" ? "stopping" : "starting";
  const left = now.seconds_left === null ? "" : ` · ${duration(now.seconds_left)} left`;
  if (run.state === "stopping") return "stopping after this step";
  if (run.phase === "analysing") return `analysing epoch ${now.epoch}: ${STEPS[now.what ?? ""] ?? now.what ?? ""}${now.layer ? `, layer ${now.layer}` : ""}${left}`;
  const { epoch = 0, epochs = 0 } = now;
  return `epoch ${Math.min(epoch + 1, epochs)} of ${epochs}${left}`;
}

/** @type {Record<string, string[]>} */
const LOSSES = {
  "hinge loss (2 at chance)": ["clapp", "clapp-s", "clapp++", "hinge-cpc"],
  "InfoNCE loss (2.83 at chance)": ["greedy-infomax", "cpc"], // ln 17
  "cross-entropy": ["greedy-supervised", "supervised"],
};

/** What the loss of a rule is. @param {string|number|undefined} rule */
export const lossName = (rule) =>
  Object.keys(LOSSES).find((says) => LOSSES[says].includes(`${rule}`)) ?? "loss";
