// @ts-check
/** What the page says aloud, to everyone or to those who listen to it, and problems in the reader's words. */

import { h, find } from "./dom.js";
import { t } from "./words.js";

const SHOWN = 5000; // milliseconds that a notice stays

let timer = 0;

/**
 * Say something to those who listen to the page.
 *
 * @param {string} text
 */
export function say(text) {
  find("status").textContent = text;
}

/**
 * Say something to everyone, for a moment.
 *
 * @param {string} text
 */
export function notice(text) {
  const box = find("notice");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(timer);
  timer = window.setTimeout(() => (box.hidden = true), SHOWN);
}

/**
 * Return what to call a problem, and what the service said of it.
 *
 * @param {any} problem
 * @returns {{title: string, detail: string}}
 */
export function explained(problem) {
  const word = /** @type {import("./words.js").Word} */ (`problem ${problem.kind}`);
  return { title: t(word) ?? t("problem internal"), detail: problem.detail ?? String(problem) };
}

/**
 * Return a box that explains a problem, with what can be done.
 *
 * @param {any} problem
 * @param {...(Node | false)} actions
 */
export function problemBox(problem, ...actions) {
  const { title, detail } = explained(problem);
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("p", { class: "problem-title" }, title),
    detail && h("p", { class: "problem-detail" }, t("serviceSays"), " ", h("q", { lang: "en" }, detail)),
    actions.some(Boolean) && h("p", { class: "actions" }, ...actions),
  );
}
