// @ts-check
/** Makes elements. What is given as text stays text: no string is ever read as markup. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Return a new element.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [props] attributes, and listeners by event in `on`; null and false leave one out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") listen(element, value);
    else set(element, name, value);
  }
  element.append(...shown(children));
  return element;
}

/**
 * Set an attribute, or take it away with null and false.
 *
 * @param {Element} element
 * @param {string} name
 * @param {any} value
 */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * Put children in place of those that are there; the focus stays on the element with the same id.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  const id = parent.contains(document.activeElement) ? document.activeElement?.id : "";
  parent.replaceChildren(...shown(children));
  if (id) document.getElementById(id)?.focus();
}

/**
 * Return the element with an id, which the page has.
 *
 * @param {string} id
 * @returns {any}
 */
export function find(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Place an element by fractions of its parent. The policy forbids style attributes in markup, not this.
 *
 * @param {HTMLElement} element
 * @param {{left: number, top: number, width: number, height: number}} place
 */
export function place(element, place) {
  for (const [name, share] of Object.entries(place)) element.style.setProperty(name, `${100 * share}%`);
}

/**
 * @param {Element} element
 * @param {Record<string, (event: any) => void>} listeners
 */
function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function shown(children) {
  return children
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}
