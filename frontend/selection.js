// Sets of image ids: what a lasso does to the selection, and how a set fits into the address bar.
// A set is an ascending array without repeats; ids stay the same whatever is hidden or filtered.

/** @typedef {"replace"|"add"|"subtract"} Joining */

/**
 * The selection after `taken` was lassoed or clicked.
 * @param {number[]} before
 * @param {number[]} taken
 * @param {Joining} how
 * @returns {number[]}
 */
export function joined(before, taken, how) {
  if (how === "replace") return ascending(taken);
  if (how === "add") return ascending([...before, ...taken]);
  const gone = new Set(taken);
  return before.filter((id) => !gone.has(id));
}

/** @param {Iterable<number>} ids */
export function ascending(ids) {
  return [...new Set(ids)].sort((a, b) => a - b);
}

/**
 * 1 where the image at that position is selected, else 0.
 * @param {ArrayLike<number>} ids
 * @param {number[]} selection
 */
export function mask(ids, selection) {
  const held = new Set(selection);
  const out = new Uint8Array(ids.length);
  for (let i = 0; i < ids.length; i++) out[i] = held.has(ids[i]) ? 1 : 0;
  return out;
}

/**
 * How many images each class has in all and in the selection; the last entry is "no label".
 * @param {ArrayLike<number>} labels
 * @param {Uint8Array} selected
 * @param {number} classes
 */
export function counts(labels, selected, classes) {
  const all = new Array(classes + 1).fill(0);
  const taken = new Array(classes + 1).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const row = labels[i] < 0 ? classes : labels[i];
    all[row]++;
    taken[row] += selected[i];
  }
  return { all, taken };
}

/**
 * A set as text for the address bar: one bit an id from the first to the last, or the gaps as
 * variable-length numbers, whichever is shorter; base64 with - and _.
 * @param {number[]} ids
 */
export function packed(ids) {
  if (!ids.length) return "";
  const gaps = gapBytes(ids);
  const span = ids[ids.length - 1] - ids[0];
  if (span / 8 > gaps.length) return `g${base64(gaps)}`;
  const bits = new Uint8Array((span >> 3) + 1);
  for (const id of ids) bits[(id - ids[0]) >> 3] |= 1 << ((id - ids[0]) & 7);
  return `b${ids[0].toString(36)}.${base64(bits)}`;
}

/**
 * The set that `packed` wrote; an unreadable text is the empty set.
 * @param {string} text
 * @returns {number[]}
 */
export function unpacked(text) {
  try {
    if (text[0] === "g") return fromGaps(bytesOf(text.slice(1)));
    if (text[0] !== "b") return [];
    const [first, bits] = text.slice(1).split(".");
    const start = parseInt(first, 36);
    /** @type {number[]} */
    const ids = [];
    bytesOf(bits).forEach((byte, k) => {
      for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) ids.push(start + 8 * k + bit);
    });
    return ids;
  } catch {
    return [];
  }
}

/** @param {number[]} ids */
function gapBytes(ids) {
  const bytes = [];
  let last = 0;
  for (const id of ids) {
    let gap = id - last;
    while (gap > 127) {
      bytes.push((gap & 127) | 128);
      gap >>>= 7;
    }
    bytes.push(gap);
    last = id;
  }
  return Uint8Array.from(bytes);
}

/** @param {Uint8Array} bytes */
function fromGaps(bytes) {
  const ids = [];
  let last = 0;
  let gap = 0;
  let shift = 0;
  for (const byte of bytes) {
    gap |= (byte & 127) << shift;
    shift += 7;
    if (byte & 128) continue;
    ids.push((last += gap));
    gap = shift = 0;
  }
  return ids;
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text */
function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
