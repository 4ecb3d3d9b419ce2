// Numbers as the server sends them: base64 of little-endian arrays, {dtype, bdata, shape?}.

const KINDS = { f4: Float32Array, i4: Int32Array, i2: Int16Array, u1: Uint8Array };

/**
 * The typed array of one encoded object.
 * @param {{dtype: string, bdata: string}} encoded
 */
export function typed({ dtype, bdata }) {
  const Kind = KINDS[/** @type {keyof typeof KINDS} */ (dtype)];
  if (!Kind) throw new Error(`unknown array type ${dtype}`);
  const text = atob(bdata);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Kind(bytes.buffer);
}

/**
 * A reply with every encoded array in it turned into a typed array, at any depth.
 * @param {any} value
 * @returns {any}
 */
export function decoded(value) {
  if (value === null || typeof value !== "object") return value;
  if (typeof value.bdata === "string") return typed(value);
  if (Array.isArray(value)) return value.map(decoded);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decoded(inner)]));
}

/**
 * The smallest and the largest finite number; [0, 1] where there is none.
 * @param {ArrayLike<number>} values
 * @returns {[number, number]}
 */
export function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return low <= high ? [low, high] : [0, 1];
}

/**
 * The share of `values` below `value`, 0 to 1.
 * @param {ArrayLike<number>} values
 * @param {number} value
 */
export function percentile(values, value) {
  let below = 0;
  for (let i = 0; i < values.length; i++) if (values[i] < value) below++;
  return values.length ? below / values.length : 0;
}
