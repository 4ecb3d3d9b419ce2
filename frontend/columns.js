// Many replies of one shape as columns, as backend/standalone/columns.py packs them.

import { decoded } from "./arrays.js";

const KINDS = { u1: Uint8Array, i2: Int16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/** @typedef {keyof typeof KINDS} Kind */
/** @typedef {{c?: any, j?: any[], d?: Kind, at?: number, n?: number, o?: Record<string, Node>, l?: Node,
 *   i?: Node, a?: Kind, s?: Node, z?: Node, starts?: Int32Array, numbers?: InstanceType<typeof KINDS[Kind]>}} Node */

/**
 * The rows of a block: `read(row)` is the reply as it was put in, encoded arrays as typed ones.
 * @param {ArrayBuffer} block
 */
export function columns(block) {
  const length = new DataView(block).getUint32(0, true);
  const begin = 4 + length;
  /** @type {Node} */
  const top = JSON.parse(new TextDecoder().decode(new Uint8Array(block, 4, length)));

  /** @param {Node} node */
  function numbers(node) {
    node.numbers ??= new KINDS[/** @type {Kind} */ (node.d)](block, begin + (node.at ?? 0), node.n);
    return node.numbers;
  }

  /** Where the items of each row begin, and where those of the last end. @param {Node} node @param {number} row */
  function span(node, row) {
    const lengths = /** @type {Node} */ (node.l);
    if (lengths.c !== undefined) return [row * lengths.c, (row + 1) * lengths.c];
    if (!node.starts) {
      const all = numbers(lengths);
      node.starts = new Int32Array(all.length + 1);
      for (let i = 0; i < all.length; i++) node.starts[i + 1] = node.starts[i] + all[i];
    }
    return [node.starts[row], node.starts[row + 1]];
  }

  /** @param {Node} node @param {number} row @returns {any} */
  function value(node, row) {
    if (node.c !== undefined) return decoded(node.c);
    if (node.j) return decoded(node.j[row]);
    if (node.o) return Object.fromEntries(Object.entries(node.o).map(([key, inner]) => [key, value(inner, row)]));
    if (node.l) return items(node, row);
    const number = numbers(node)[row];
    return Number.isNaN(number) ? null : number;
  }

  /** @param {Node} node @param {number} row */
  function items(node, row) {
    const [from, to] = span(node, row);
    const inner = /** @type {Node} */ (node.i);
    if (node.a) return numbers(inner).slice(from, to);
    if (!node.s || !node.z) return Array.from({ length: to - from }, (_, i) => value(inner, from + i));
    const [scale, offset] = [numbers(node.s)[row], numbers(node.z)[row]];
    return Float32Array.from(numbers(inner).subarray(from, to), (level) => offset + Math.fround(scale * level));
  }

  return { read: (/** @type {number} */ row) => value(top, row) };
}
