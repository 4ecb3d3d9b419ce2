// What a plot shows, in a sentence and a table that can be sorted and copied: for who does not see it,
// and for who wants its numbers.

import { arranged, csv, pressed, shownCell } from "../table.js";
import { counted } from "../text.js";
import { fill, h } from "../dom.js";

/** @typedef {{says: string, columns: import("../table.js").Column[], rows: import("../table.js").Cell[][]}} Told */

const MOST = 200; // rows that are drawn; the copy has all

/**
 * Closed until it is asked for. `show` is called whenever the plot is drawn, with what tells its
 * sentence and the rows behind it, one cell a column, the first naming the row; that is asked only
 * while it is open.
 * @param {string} name what the table is of
 */
export function asText(name) {
  const says = h("p", {});
  const copy = h("button", { class: "quiet accent", onclick: copied }, "Copy as CSV");
  const heard = h("span", { class: "soft", role: "status" });
  const table = h("div", { class: "probe-table", tabindex: 0, role: "region", "aria-label": `${name}, as a table` });
  const element = h("details", { class: "as-text small", ontoggle: draw },
    h("summary", {}, "As text", h("span", { class: "unseen" }, `: ${name}`)),
    says, table, h("p", { class: "actions" }, copy, heard));
  /** @type {Told} */
  let told = { says: "", columns: [], rows: [] };
  let tell = () => told;
  /** @type {import("../table.js").Order|null} */
  let order = null;

  function draw() {
    heard.textContent = "";
    if (!element.open) return;
    const before = told.columns.length;
    told = tell();
    const { columns, rows } = told;
    if (columns.length !== before) order = null;
    const more = rows.length - MOST;
    says.textContent = `${told.says}${more > 0 ? ` The first ${MOST} of ${counted(rows.length, "row")}; the copy has all.` : ""}`;
    fill(table, h("table", {},
      h("caption", { class: "unseen" }, name),
      h("thead", {}, h("tr", {}, columns.map(heading))),
      h("tbody", {}, arranged(rows, order).slice(0, MOST).map((row) => h("tr", {}, row.map((value, i) => (i
        ? h("td", {}, shownCell(columns[i], value))
        : h("th", { scope: "row" }, shownCell(columns[i], value)))))))));
  }

  /** @param {import("../table.js").Column} column @param {number} i */
  function heading(column, i) {
    const way = order?.column !== i ? null : order.down ? "descending" : "ascending";
    return h("th", { scope: "col", title: column.why, "aria-sort": way ?? "none" },
      h("button", { class: "link", onclick: () => sort(i) }, column.says,
        way && h("span", { "aria-hidden": "true" }, way === "ascending" ? " ↑" : " ↓")));
  }

  /** @param {number} column */
  function sort(column) {
    order = pressed(order, column, told.rows);
    draw();
  }

  async function copied() {
    const text = csv(told.columns, arranged(told.rows, order));
    /** Where a page may not write to it, a browser has no clipboard at all. */
    const write = async () => navigator.clipboard.writeText(text);
    const there = await write().then(() => true, () => false);
    heard.textContent = there ? `${counted(told.rows.length, "row")} copied.` : "The browser does not let the page copy; select the table instead.";
  }

  return {
    element,
    /** @param {() => Told} next */
    show(next) {
      tell = next;
      draw();
    },
  };
}
