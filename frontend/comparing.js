// Comparisons of two checkpoints: the server takes long over each and takes few at once, so that while
// one is worked out those that are passed meanwhile, as while epochs play, are not asked for.

import { createAsking } from "./asking.js";

const PAUSE = 1000; // milliseconds, more than an epoch stays while playing

/**
 * Comparisons in place of each other.
 * @param {() => void} again asks for what is wanted by then, where the server was too busy
 */
export function createComparing(again) {
  const asking = createAsking();
  let out = 0;

  /**
   * Asks as `createAsking` does.
   * @template T
   * @param {string} key
   * @param {() => Promise<T>} question
   * @param {(reply: T|null, error: Error|null) => void} heard is told one of the two
   * @returns {boolean} whether it asks
   */
  function ask(key, question, heard) {
    const put = () => {
      out += 1;
      return question().finally(() => (out -= 1));
    };
    return asking.ask(key, put, (reply, error) => {
      if (/** @type {any} */ (error)?.code === "busy") again();
      else heard(reply, error);
    }, out ? PAUSE : 0);
  }

  return { ask };
}
