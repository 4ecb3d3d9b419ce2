// Where the numbers of an axis stand, and the labels at the ends of lines.

const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/**
 * Ticks of an axis of shares of one: none above 100 %, none written alike twice.
 * @param {number} low
 * @param {number} high
 * @param {number} [most] of them
 */
export function shareTicks(low, high, most = 6) {
  const ends = [Math.max(0, low), Math.min(1, high)];
  const step = STEPS.find((size) => (ends[1] - ends[0]) / size < most) ?? 0.5;
  const first = Math.ceil(ends[0] / step - 1e-9);
  const last = Math.floor(ends[1] / step + 1e-9);
  const tickvals = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(4)));
  return { tickvals, ticktext: tickvals.map((v) => `${(100 * v).toFixed(step < 0.01 ? 1 : 0)}%`) };
}

/**
 * Values at least `apart` from each other and within the ends, moved as little as that allows: those
 * that lie together keep their middle. In the order they were given.
 * @param {number[]} values
 * @param {number} apart
 * @param {[number, number]} ends
 */
export function spread(values, apart, [low, high]) {
  const room = Math.min(apart, (high - low) / Math.max(1, values.length - 1));
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b] || b - a);
  /** @type {{sum: number, size: number}[]} */
  const heaps = [];
  order.forEach((i, place) => {
    let heap = { sum: values[i] - place * room, size: 1 };
    for (let under = heaps.at(-1); under && under.sum / under.size >= heap.sum / heap.size; under = heaps.at(-1)) {
      heaps.pop();
      heap = { sum: under.sum + heap.sum, size: under.size + heap.size };
    }
    heaps.push(heap);
  });
  const top = high - (values.length - 1) * room;
  const level = heaps.flatMap(({ sum, size }) => Array(size).fill(Math.min(top, Math.max(low, sum / size))));
  const moved = Array(values.length).fill(0);
  order.forEach((i, place) => (moved[i] = level[place] + place * room));
  return moved;
}
