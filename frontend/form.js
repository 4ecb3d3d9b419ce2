// The form for a new run as plain values: from settings to fields, from fields to a config.

/** @typedef {import("./types.js").Setting} Setting */
/** @typedef {Record<string, string|number>} Config */

/** Settings that everybody looks at; the rest stand under "More settings". */
export const FIRST = ["data", "rule", "encoder", "epochs"];

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
 * The command that starts the same run; settings at their default are left out.
 * @param {Setting[]} settings
 * @param {Config} config
 */
export function command(settings, config) {
  const flags = settings
    .filter(({ name, default: usual }) => FIRST.includes(name) || config[name] !== usual)
    .map(({ name }) => `--${name.replaceAll("_", "-")} ${quoted(String(config[name]))}`);
  return ["saccade train", ...flags].join(" ");
}

/** @param {string} text */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
