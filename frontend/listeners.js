// Who wants to hear of a change.

/** Those who hear what is told, in the order they came. @template {any[]} [News=[]] */
export function createListeners() {
  /** @type {((...news: News) => void)[]} */
  const all = [];
  return {
    /** @param {(...news: News) => void} listener */
    on: (listener) => void all.push(listener),
    /** @param {News} news */
    tell: (...news) => all.forEach((listener) => listener(...news)),
  };
}
