// Whether the server answers: every request tells, and who must know hears of a change.

export function createReach() {
  let there = true;
  /** @type {(() => void)[]} */
  const listeners = [];

  return {
    /** Did the last request get any answer, be it a refusal? */
    get there() {
      return there;
    },
    /** @param {boolean} answered */
    heard(answered) {
      if (answered === there) return;
      there = answered;
      for (const listener of listeners) listener();
    },
    /** @param {() => void} listener */
    on: (listener) => void listeners.push(listener),
  };
}
