// Elements. Text goes in as text, never as markup.

/** @typedef {Node|string|number|null|undefined|false} Child */

/**
 * An element: `class`, `style` (custom properties too), `on*` listeners; other keys are attributes,
 * where false, null and undefined leave the attribute out and true sets it empty. A button submits
 * nothing unless its `type` says so.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  return dressed(document.createElement(tag), tag === "button" ? { type: "button", ...props } : props, children);
}

/**
 * The same for drawings.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, props = {}, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

/**
 * @template {HTMLElement|SVGElement} E
 * @param {E} element
 * @param {Record<string, any>} props
 * @param {(Child|Child[])[]} children
 * @returns {E}
 */
function dressed(element, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") {
      for (const [name, text] of Object.entries(value)) element.style.setProperty(name, `${text}`);
    } else if (key === "value" && "value" in element) /** @type {any} */ (element).value = value;
    else element.setAttribute(key, value === true ? "" : `${value}`);
  }
  fill(element, ...children);
  return element;
}

/**
 * Put children into an element in place of those it has. Where the focus was inside, the element
 * that now stands at that spot takes it.
 * @param {Element} element
 * @param {...(Child|Child[])} children
 */
export function fill(element, ...children) {
  const spot = focusSpot(element);
  const nodes = children.flat().filter((c) => c !== null && c !== undefined && c !== false);
  element.replaceChildren(...nodes.map((c) => (c instanceof Node ? c : `${c}`)));
  if (!spot) return;
  const heir = spot.reduce((/** @type {Element|undefined} */ at, i) => at?.children[i], element);
  if (heir instanceof HTMLElement) heir.focus({ preventScroll: true });
}

/**
 * The same where it would change something; else what stands stays, listeners too, so that an open
 * list of choices is not closed.
 * @param {Element} element
 * @param {...(Child|Child[])} children
 */
export function refill(element, ...children) {
  const next = /** @type {Element} */ (element.cloneNode(false));
  fill(next, ...children);
  if (!element.isEqualNode(next)) return fill(element, [...next.childNodes]);
  const wanted = next.querySelectorAll("select");
  element.querySelectorAll("select").forEach((select, i) => {
    if (select.value !== wanted[i].value) select.value = wanted[i].value;
  });
}

/** The way from an element down to the focus, as places among siblings. @param {Element} element */
function focusSpot(element) {
  let at = document.activeElement;
  if (!at || at === element || !element.contains(at)) return null;
  const spot = [];
  for (; at !== element; at = /** @type {Element} */ (at.parentElement)) {
    spot.unshift([.../** @type {Element} */ (at.parentElement).children].indexOf(at));
  }
  return spot;
}

/**
 * Calls `listener` once in the next frame, however often it is asked for before.
 * @param {() => void} listener
 */
export function perFrame(listener) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      listener();
    });
  };
}

/** Where an element lies on another. @param {Element} ground @param {Element} element @returns {import("./types.js").Box} */
export function boxOn(ground, element) {
  const origin = ground.getBoundingClientRect();
  const { left, top, width, height } = element.getBoundingClientRect();
  return { left: left - origin.left, top: top - origin.top, width, height };
}
