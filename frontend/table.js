// Rows of a table in another order, and as a file: what a text alternative of a plot needs.

/** @typedef {number|string|null} Cell null where there is no number */

/**
 * A column: its name, what a number in it means, and how one is written.
 * @typedef {{says: string, why?: string, written?: (value: number) => string}} Column
 * @typedef {{column: number, down: boolean}} Order
 */

/** @param {Cell} value */
const missing = (value) => value === null || (typeof value === "number" && !Number.isFinite(value));

/**
 * Rows by a column, what has nothing there last, equal ones as they came; without an order as they came.
 * @param {Cell[][]} rows
 * @param {Order|null} order
 */
export function arranged(rows, order) {
  if (!order) return rows;
  const sign = order.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[order.column], b[order.column]];
    if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y));
    const by = typeof x === "number" && typeof y === "number" ? x - y : `${x}`.localeCompare(`${y}`);
    return sign * by;
  });
}

/**
 * The order after a column's name was pressed: numbers begin with the greatest, names with the first.
 * @param {Order|null} order
 * @param {number} column
 * @param {Cell[][]} rows
 * @returns {Order}
 */
export function pressed(order, column, rows) {
  if (order?.column === column) return { column, down: !order.down };
  return { column, down: rows.some((row) => typeof row[column] === "number") };
}

/**
 * A cell as it is shown; "–" stands for nothing.
 * @param {Column} column
 * @param {Cell} value
 */
export function shownCell({ written }, value) {
  if (value === null || missing(value)) return "–";
  return typeof value === "number" && written ? written(value) : `${value}`;
}

/**
 * The table as a CSV text with a head, numbers in full and nothing as nothing.
 * @param {Column[]} columns
 * @param {Cell[][]} rows
 */
export function csv(columns, rows) {
  const lines = [columns.map(({ says }) => says), ...rows.map((row) => row.map((value) => (missing(value) ? "" : value)))];
  return lines.map((line) => `${line.map(quoted).join(",")}\n`).join("");
}

/** A cell of a CSV file; text that a spreadsheet would take for a formula stays text. @param {Cell} value */
function quoted(value) {
  const formula = typeof value === "string" && /^[=+\-@\t\r]/.test(value) && !Number.isFinite(Number(value));
  const text = `${formula ? "'" : ""}${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
