// The shapes that cross the wire, and the objects that the panels are given.

/** @typedef {{code: string, message: string}} Failure */

/** An analysis whose results a layer may lack. @typedef {"probes"|"embedding"|"neighbours"} Missing */

/**
 * One event of a run, as the worker wrote it; which fields there are depends on `kind`.
 * @typedef {{seq: number, time: number, kind: string, state?: string, phase?: string,
 *   epoch?: number, epochs?: number, step?: number, steps?: number, losses?: number[],
 *   images_per_second?: number, seconds_left?: number|null, fraction?: number, what?: string,
 *   layer?: number|null, made?: boolean, seconds?: number, error?: Failure|null, code?: string,
 *   message?: string}} RunEvent
 */

/**
 * @typedef {{id: string, name: string, state: string, shipped: boolean, created: string,
 *   attempt: number, config: Record<string, string|number>,
 *   model: {family: string, name: string, layers: string[]}|null, dataset: string,
 *   phase: string|null, progress: RunEvent|null,
 *   history: {epochs: number[], losses: number[][]}, checkpoints: number[], analysed: number[],
 *   begun: number[], stamps: Record<string, string>, layers: number, accuracy: number|null, best_accuracy: number|null, error: Failure|null,
 *   warnings: Failure[], stalled: Failure|null, log_tail?: string[], command?: string|null}} Run
 */

/** What can be brought back, until a time in unix seconds. @typedef {{id: string, name: string, until: number}} Deleted */

/**
 * @typedef {{training_seconds: number, analysis_seconds: number, memory_mb: number|null,
 *   gpu_memory_mb: number|null, disk_mb: number, steps: number, measured_steps: number,
 *   at: number, device: string}} Cost
 * @typedef {{warning: string|null, state: "unknown"|"measuring"|"measured"|"failed",
 *   cost: Cost|null, error: Failure|null}} Estimate
 */

/**
 * Images that were sent; `reason` ends the sentence that a name begins.
 * @typedef {{name: string, reason: string}} Refused
 * @typedef {{id: string, title: string, state: "open"|"working"|"ready"|"failed",
 *   progress: {done: number, of: number}|null, images: number, classes: Record<string, number>,
 *   refused: Refused[], unnamed: number, hidden: number, error: Failure|null,
 *   columns: string[], remarks: string[], dataset: string|null}} Upload
 */

/**
 * What each layer finds like an image that was sent, and its units that answer to it most.
 * @typedef {{unit: number, share: number, image: number, row: number, column: number}} RankedUnit
 * @typedef {{layer: number, x: number, y: number, neighbours: {image: number, distance: number}[],
 *   units: RankedUnit[]}} Alike
 * @typedef {{run: string, epoch: number, state: "unknown"|"working"|"found"|"failed",
 *   layers: Alike[], error: Failure|null}} Likeness
 */

/**
 * One row of the form for a new run.
 * @typedef {{name: string, type: "int"|"float"|"text"|"choice", default: string|number,
 *   unit: string, minimum: number|null, maximum: number|null, choices: string[],
 *   rules: string[], help: string, torchrun: boolean}} Setting
 */

/** @typedef {{word: string, sentence: string}} Word */
/** @typedef {Word & {labels: boolean, options: Record<string, string[]>,
 *   own: Record<string, string|number>}} RuleWord */

/**
 * @typedef {{key: string, title: string, sentence: string, licence: string,
 *   ready: boolean, reason: string|null}} DataSource
 */

/** @typedef {{accuracy: number, low: number, high: number}} Accuracy */

/**
 * @typedef {{layer: number, name: string, units: number, features: number, silent: number|null,
 *   spans: import("./patch.js").Spans, kept_neighbours: number|null, loss: number|null,
 *   probe: (Accuracy & {random: Accuracy|null})|null, answers: boolean, missing: Missing[]}} LayerInfo
 */

/**
 * What holds for all maps of one checkpoint. `ids` and `labels` have one entry an image; a
 * label of -1 means none.
 * @typedef {{run: string, epoch: number, epochs: number[], dataset: string, split: string,
 *   fingerprint: string|null, chance: number|null, no_probe: string|null,
 *   classes: string[], ids: Int32Array, labels: Int16Array, image: [number, number], crop: number,
 *   definitions: Record<string, string>,
 *   parameters: Record<string, Record<string, string|number>>, layers: LayerInfo[]}} Layers
 */

/** The checkpoint in view: `stamp` is another wherever its results may be others. @typedef {Layers & {stamp: string}} Seen */

/** `lacking` says why there are none; they then lie nowhere. @typedef {{x: Float32Array, y: Float32Array, lacking?: string}} Points */

/**
 * A layer's map. `kept`: of the 10 nearest of each image, how many are among its 10 nearest on the
 * map; 255 where that was not asked, null where an earlier Saccade did not keep it.
 * @typedef {Points & {kept_neighbours: number|null, kept: Uint8Array|null,
 *   parameters: Record<string, string|number>}} LayerMap
 */

/** @typedef {{image: number, row: number, column: number, value: number}} Patch */

/**
 * All units of one layer; `dprime` is [unit, class], flat.
 * @typedef {{layer: number, epoch: number, units: number, classes: string[],
 *   definitions: Record<string, string>, best_class: Int16Array|null,
 *   dprime: Float32Array|null, best_dprime: Float32Array|null, null_best: Float32Array|null, sparseness: Float32Array,
 *   active: Float32Array, mean: Float32Array, orientation: Float32Array|null,
 *   frequency: Float32Array|null, osi: Float32Array|null, modulation: Float32Array|null,
 *   change: Float32Array|null, change_from: number|null,
 *   alike?: {unit: number, r: Float32Array},
 *   top: {image: Int32Array, row: Uint8Array, column: Uint8Array}}} Units
 */

/**
 * One prediction step of a unit: r, and pairs of a prediction with its true and a wrong future.
 * @typedef {{k: number, true_r: number|null, wrong_r: number|null, prediction: Float32Array,
 *   true: Float32Array, wrong: Float32Array, image: Int32Array, row: Uint8Array,
 *   column: Uint8Array}} PredictionStep
 * @typedef {{run: string, epoch: number, layer: number, unit: number, steps: PredictionStep[],
 *   definition: string|null, reason: string|null}} Prediction
 */

/**
 * Units whose responses to the test images correlate with those of one; `r` is of all units of its
 * layer, NaN where there is none. `layers` are its own and those beside it, `versus` another run's.
 * @typedef {{unit: number, r: number, image: number, row: number, column: number}} AlikeUnit
 * @typedef {{run: string, epoch: number, layer: number, name: string, units: AlikeUnit[]}} AlikeLayer
 * @typedef {{run: string, epoch: number, layer: number, unit: number, r: Float32Array,
 *   constant: boolean, layers: AlikeLayer[], versus: AlikeLayer[], reason: string|null,
 *   definition: string}} AlikeUnits
 */

/**
 * What a unit answers to gratings: `response` is [orientation][frequency], the mean over phases.
 * Orientations and bandwidth in degrees, frequencies in cycles a patch of `patch` pixels.
 * @typedef {{orientation: number|null, frequency: number|null, osi: number|null,
 *   bandwidth: number|null, modulation: number|null, peak: number, orientations: number[],
 *   frequencies: number[], patch: number, response: number[][]}} Tuning
 */

/**
 * @typedef {{layer: number, unit: number, units: number, epoch: number,
 *   best_class: number|null, dprime: number[]|null, class_mean: number[]|null,
 *   shuffled: {low: number[], high: number[], best: number}|null,
 *   sparseness: number|null, active: number, mean: number, maximum: number,
 *   histogram: {edges: number[], counts: number[]},
 *   patches: Record<"top"|"middle"|"random"|"least", Patch[]>, responses: Float32Array,
 *   tuning: Tuning|null, definitions: Record<string, string>}} Unit
 */

/**
 * @typedef {{layer: number, image: number, metric: string,
 *   neighbours: {image: number, distance: number}[],
 *   patches: {image: number, row: number, column: number, distance: number}[],
 *   patch: [number, number], units: RankedUnit[], reason: string|null}} Neighbours
 */

/**
 * `votes`: what the nearest training images say; none where an earlier Saccade did not ask them.
 * @typedef {Accuracy & {layer: number, random: Accuracy|null, votes: Accuracy|null,
 *   confusion: number[][]}} Probe
 * @typedef {{run: string, epoch: number, protocol: string, n_train: number, n_test: number,
 *   seed: number, chance: number, classes: string[], pixels: Accuracy|null, layers: Probe[],
 *   input: Probe|null, by_epoch: {epoch: number, accuracy: (number|null)[],
 *   low: (number|null)[], high: (number|null)[]}[], votes: string, no_votes: string|null,
 *   word: string, reason?: string}} Probes
 */

/**
 * What the probe of a layer answered for each image, in the order of `ids`: the class (-1 without a
 * label) and its probability less the next one's.
 * @typedef {{run: string, epoch: number, layer: number, predicted: Int16Array|null,
 *   confidence: Float32Array|null, weights: Float32Array|null, definition: string, reason: string|null}} Answers
 */

/**
 * What is known of each image beside its class: numbers (NaN: none), or places in `words` (-1: none).
 * @typedef {{name: string, words: string[], values: Float32Array|Int16Array}} Column
 * @typedef {{dataset: string, split: string, columns: Column[], remarks: string[]}} Metadata
 */

/**
 * The units of each layer that tell a selection from the other images, by the size of d'.
 * @typedef {{unit: number, dprime: number, image: number, row: number, column: number}} Separating
 * @typedef {{run: string, epoch: number, inside: number, outside: number, definition: string,
 *   layers: {layer: number, units: Separating[]}[]}} Separation
 */

/**
 * CKA of every layer with every layer of another checkpoint; no cells where they cannot be compared.
 * @typedef {{run: string, epoch: number, versus: string, versus_epoch: number, images: number,
 *   rows: string[], columns: string[], cells: {value: number|null, reason: string|null}[][],
 *   definition: string, reason: string|null}} Similarities
 */

/**
 * Pairs of units of two layers, most alike first.
 * @typedef {{unit: Int32Array, other: Int32Array, r: Float32Array, mean: number|null}} Pairs
 * @typedef {{run: string, epoch: number, layer: number, versus: string, versus_epoch: number,
 *   versus_layer: number, images: number, units: [number, number], constant: [number, number],
 *   one_to_one: Pairs, best: Pairs, baselines: {says: string, mean: number|null}[],
 *   definition: string, reason: string|null}} Matches
 */

/**
 * One rule of a bench over its seeds, as one kind of encoder sees: `rule` may be "pixels", and
 * "random" is the untrained encoder. A layer of null stands for all layers together. Its means and
 * intervals are over `seeds`, those that are finished; `images` are those of one pass of training.
 * @typedef {Accuracy & {layer: number|null}} AtLayer
 * @typedef {{rule: string, view: string, labels: boolean, crosses: boolean, loss_at: string,
 *   seeds: (number|null)[], runs: (string|null)[], epoch: number|null,
 *   probes: Record<string, AtLayer[]>, neighbours: AtLayer[], images: number|null,
 *   seconds: number|null,
 *   images_per_second: number|null, memory_mb: number|null}} OfRule
 */

/**
 * A comparison of rules: as it is listed, and whole.
 * @typedef {{name: string, shipped: boolean, created: string,
 *   settings: Record<string, string|number>, rules: string[], seeds: number[],
 *   protocols: string[], data: {key: string, title: string, images: number, n_train: number,
 *   n_test: number, classes: string[], chance: number}}} BenchListed
 * @typedef {BenchListed & {command: string, version: string, k: number,
 *   machine: Record<string, string|number>, definitions: Record<string, string>,
 *   summary: OfRule[], rows: {rule: string, seed: number|null, error: string|null}[]}} Bench
 */

/**
 * One prediction step k of a layer, or all together (k null).
 * @typedef {{k: number|null, loss: number, true_gate: number|null, wrong_gate: number|null,
 *   cosine: number|null}} Step
 * @typedef {Step & {true_mean: number, wrong_mean: number, true: number[], wrong: number[]}} Scored
 * @typedef {{precision: string, weight: number|null, bias: number|null, W_pred: number|null,
 *   W_retro: number|null}} Gap
 * @typedef {{layer: number, edges: number[], steps: Scored[], gaps: Gap[]}} LayerLearning
 * @typedef {{run: string, epoch: number, rule: string, contrast: "hinge"|"InfoNCE",
 *   seed: number|null, definitions: Record<string, string>, layers: LayerLearning[],
 *   by_epoch: {epoch: number, layers: {layer: number, steps: Step[]}[]}[],
 *   reason: string|null}} Learning
 */

/**
 * Points drawn in one shape and colour: positions in the order of `ids`.
 * @typedef {{colour: string, symbol: string, positions: Int32Array}} Group
 */

/** @typedef {{x: [number, number], y: [number, number]}} Ranges */
/** @typedef {{left: number, top: number, width: number, height: number}} Box */

/** @typedef {ReturnType<typeof import("./state.js").createState>} State */
/** @typedef {ReturnType<typeof import("./scene.js").createScene>} Scene */
/** @typedef {ReturnType<typeof import("./beside.js").createBeside>} Beside */
/** @typedef {ReturnType<typeof import("./runs.js").createRuns>} Runs */
/** @typedef {ReturnType<typeof import("./atlas.js").createAtlas>} Atlas */
/** @typedef {ReturnType<typeof import("./theme.js").createTheme>} Theme */
/** @typedef {ReturnType<typeof import("./tip.js").createTip>} Tip */
/** @typedef {ReturnType<typeof import("./example.js").createExample> & ReturnType<typeof import("./seeking.js").createSeeking>} Example */
/** @typedef {ReturnType<typeof import("./undo.js").createUndo>} Undo */
/** @typedef {typeof import("./api.js")} Api */

/**
 * What every panel is given.
 * @typedef {{state: State, api: Api, scene: Scene, runs: Runs, atlas: Atlas, theme: Theme,
 *   tip: Tip, example: Example, undo: Undo}} Page
 * @typedef {Page & {beside: Beside}} Both what a panel about two checkpoints is given
 */

export {};
