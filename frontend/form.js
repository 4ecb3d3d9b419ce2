// The form for a new run as plain values: from settings to fields, from fields to a config.

/** @typedef {import("./types.js").Setting} Setting */
/** @typedef {Record<string, string|number>} Config */

/** Settings that everybody looks at; the rest stand under "More settings". */
export const FIRST = ["data", "rule", "encoder", "epochs"];

/** What stands for the rule's own choice of an option. */
export const OWN = "auto";

/** Settings that a rule fills in by itself when they are left at their default. */
const OF_THE_RULE = ["crop", "colour"];

/** Whether a rule has a setting. @param {Setting} setting @param {string} rule */
export const applies = ({ rules }, rule) => rules.length === 0 || rules.includes(rule);

/** Whether a setting returns to its default when another rule is chosen. @param {Setting} setting */
export const returns = ({ name, rules }) => rules.length > 0 || OF_THE_RULE.includes(name);

/**
 * The words of a setting that may be chosen with a rule: of an option, those that the rule knows.
 * @param {Setting} setting
 * @param {import("./types.js").RuleWord} [rule]
 */
export function wordsOf({ name, choices, rules }, rule) {
  return rules.length === 0 ? choices : [OWN, ...(rule?.options[name] ?? [])];
}

/**
 * The value of a setting from what stands in its field; an empty number is its default.
 * @param {Setting} setting
 * @param {string} text
 */
export function valueOf(setting, text) {
  if (setting.type === "text" || setting.type === "choice") return text;
  return text.trim() === "" ? setting.default : Number(text);
}

/**
 * What is wrong with a value, as a sentence, or null. The server has the last word.
 * @param {Setting} setting
 * @param {string|number} value
 */
export function complaint({ name, type, minimum, maximum, choices }, value) {
  if (type === "choice" && !choices.includes(String(value))) return `${name} must be one of ${choices.join(", ")}.`;
  if (type !== "int" && type !== "float") return value === "" ? `${name} must not be empty.` : null;
  if (typeof value !== "number" || !Number.isFinite(value)) return `${name} must be a number.`;
  if (type === "int" && !Number.isInteger(value)) return `${name} must be a whole number.`;
  if (minimum !== null && value < minimum) return `${name} must be at least ${minimum}.`;
  if (maximum !== null && value > maximum) return `${name} must be at most ${maximum}.`;
  return null;
}

/**
 * Why a new run cannot begin with the settings of another, as a sentence, or null.
 * @param {string} id of the other
 * @param {import("./types.js").Run|null} run it, where it is here
 */
export function obstacle(id, run) {
  if (!run) return `There is no run ${id} here, so there are no settings to clone.`;
  if (run.model) return `${run.name} was imported from ${run.model.family}: its weights came from a file and no rule here trains it, so there are no settings to clone.`;
  return null;
}

/**
 * The command that starts the same run, quoted for a shell; what a setting is by itself, or by the
 * rule, is left out.
 * @param {Setting[]} settings
 * @param {Config} config
 * @param {import("./types.js").RuleWord} [rule]
 */
export function command(settings, config, rule) {
  const flags = settings
    .filter(({ name, default: usual }) => ![usual, rule?.own[name], rule?.options[name]?.[0]].includes(config[name]))
    .map(({ name }) => `--${name.replaceAll("_", "-")} ${quoted(String(config[name]))}`);
  return ["saccade train", ...flags].join(" ");
}

/** @param {string} text */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
