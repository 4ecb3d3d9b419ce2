// The loss of every layer over epochs, as small lines with a direct label each.

import { decimal } from "../text.js";
import { h, svg } from "../dom.js";

const [WIDTH, HEIGHT] = [200, 72];

/**
 * @param {{epochs: number[], losses: number[][]}} history mean loss of an epoch, one row an epoch
 * @param {number[]|null} now losses of the step being taken, drawn at the end
 * @param {number|null} at the epoch being taken
 * @param {number} count layers of the network, the input among them: what has fewer losses has them at its top
 */
export function lossLines(history, now, at, count) {
  const x = [...history.epochs];
  const rows = [...history.losses];
  if (now?.length && at !== null) {
    x.push(Math.max(at, (x[x.length - 1] ?? -1) + 1e-6));
    rows.push(now);
  }
  const layers = rows[0]?.length ?? 0;
  if (!layers) return null;
  const all = rows.flat().filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const span = x[x.length - 1] - x[0] || 1;
  const px = (/** @type {number} */ v) => (x.length < 2 ? WIDTH : (WIDTH * (v - x[0])) / span);
  const py = (/** @type {number} */ v) => 3 + ((HEIGHT - 6) * (high - v)) / (high - low || 1);
  const last = rows[rows.length - 1];
  const first = firstOf(last, count);
  const says = last.map((v, i) => `layer ${first + i} ${decimal(v, 3)}`).join(", ");
  return h(
    "figure",
    { class: "losses" },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `Loss: ${says}` },
      Array.from({ length: layers }, (_, layer) => {
        const d = rows.map((row, i) => `${i ? "L" : "M"}${px(x[i]).toFixed(1)} ${py(row[layer]).toFixed(1)}`).join("");
        return svg("path", { d: rows.length > 1 ? d : `${d}h-6`, class: `layer-line l${first + layer}` });
      }),
    ),
    h("figcaption", { class: "loss-values" }, last.map((v, i) =>
      h("span", { class: `l${first + i}` }, h("i", {}), `L${first + i} `, h("b", {}, decimal(v, 3))),
    )),
  );
}

/** The layer that the first of a row of losses is of. @param {number[]} row @param {number} count as in `lossLines` */
export const firstOf = (row, count) => Math.max(1, count - row.length);
