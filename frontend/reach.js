// Whether the server answers: every request tells, and who must know hears of a change.

import { createListeners } from "./listeners.js";

export function createReach() {
  let there = true;
  const { on, tell } = createListeners();

  return {
    /** Did the last request get any answer, be it a refusal? */
    get there() {
      return there;
    },
    /** @param {boolean} answered */
    heard(answered) {
      if (answered === there) return;
      there = answered;
      tell();
    },
    on,
  };
}
