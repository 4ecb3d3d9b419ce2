// What is asked of the server: the newest question alone is answered.

const REST = 3000; // milliseconds between two askings of what fails

/**
 * Whether the same question may be answered later: there was no answer, one was asked too much, or the
 * server failed.
 * @param {any} error
 */
export const passing = (error) => error?.status === 0 || error?.status > 428;

/**
 * Questions in place of each other, each under a key that tells it from the others.
 */
export function createAsking() {
  /** @type {string|null} */
  let asked = null;
  let turn = 0;
  let timer = 0;
  /** @type {{key: string, until: number}|null} */
  let failed = null;

  /** Nothing is asked any longer, and no answer on its way is heard. */
  function drop() {
    asked = failed = null;
    turn += 1;
    clearTimeout(timer);
  }

  return {
    drop,
    /**
     * Asks in place of what was asked before, unless that has the same key; returns whether it does.
     * After a failure the same can be asked again, which waits until some time has passed.
     * @template T
     * @param {string} key
     * @param {() => Promise<T>} question
     * @param {(reply: T|null, error: Error|null) => void} heard is told one of the two
     * @param {number} [pause] milliseconds in which nothing else may be asked before this is
     */
    ask(key, question, heard, pause = 0) {
      if (key === asked) return false;
      const wait = Math.max(pause, key === failed?.key ? failed.until - Date.now() : 0);
      drop();
      asked = key;
      const mine = turn;
      const put = async () => {
        const [reply, error] = await question().then(
          (found) => /** @type {[T, null]} */ ([found, null]),
          (caught) => /** @type {[null, Error]} */ ([null, caught]),
        );
        if (mine !== turn) return;
        if (error) [asked, failed] = [null, { key, until: Date.now() + REST }];
        heard(reply, error);
      };
      if (wait > 0) timer = /** @type {any} */ (setTimeout(put, wait));
      else void put();
      return true;
    },
  };
}
