// @ts-check
/** A button that opens a short list of actions, and closes it again. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {{text: string, act: () => void} | "line"} Action */

/**
 * Return the button with its list.
 *
 * @param {string} text
 * @param {string} label for those who do not see what it belongs to
 * @param {() => Action[]} actions made when it is opened
 */
export function menu(text, label, actions) {
  const list = h("div", { class: "menu-list" });
  const summary = h("summary", { class: "button quiet", "aria-label": label }, text, icon("down"));
  const element = h("details", { class: "menu" }, summary, list);
  const close = () => {
    element.open = false;
    summary.focus();
  };
  element.addEventListener("toggle", () => {
    if (element.open) list.replaceChildren(...actions().map((action) => entry(action, close)));
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays, or the list would close
  element.addEventListener("keydown", (event) => onKey(event, list, close));
  element.addEventListener("focusout", (event) => {
    if (!element.contains(/** @type {Node | null} */ (event.relatedTarget))) element.open = false;
  });
  return element;
}

/**
 * @param {Action} action
 * @param {() => void} close
 */
function entry(action, close) {
  if (action === "line") return h("hr", {});
  const click = () => {
    close();
    action.act();
  };
  return h("button", { type: "button", on: { click } }, action.text);
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} list
 * @param {() => void} close
 */
function onKey(event, list, close) {
  const entries = [...list.querySelectorAll("button")];
  const place = entries.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") close();
  else if (step && entries.length) entries[(place + step + entries.length) % entries.length].focus();
  else return;
  event.preventDefault();
}
