// @ts-check
/** The page's words in the reader's language: the one chosen before, else the browser's, else English. */

import de from "./words/de.js";
import en from "./words/en.js";
import zh from "./words/zh.js";

/** @typedef {keyof typeof en} Word */

/** @type {Record<string, Record<Word, string | ((...given: any[]) => string)>>} */
const LANGUAGES = { en, de, zh };
const KEPT = "fashionsdk.language";

/** @type {(() => void)[]} */
const listeners = [];
let current = first();

/** The languages by their code, as they call themselves. */
export const NAMES = { en: "English", de: "Deutsch", zh: "中文" };

/**
 * Return words in the reader's language.
 *
 * @param {Word} word
 * @param {...any} given what stands in them
 * @returns {string}
 */
export function t(word, ...given) {
  const said = LANGUAGES[current][word];
  return typeof said === "function" ? said(...given) : said;
}

/** Return the code of the reader's language. */
export function language() {
  return current;
}

/**
 * Take another language, keep the choice, and draw the page again.
 *
 * @param {string} code
 */
export function setLanguage(code) {
  if (!(code in LANGUAGES)) return;
  current = code;
  localStorage.setItem(KEPT, code);
  for (const listener of listeners) listener();
}

/**
 * Call a function now and whenever the language changes.
 *
 * @param {() => void} listener
 */
export function inEveryLanguage(listener) {
  listeners.push(listener);
  listener();
}

/** Write the words of the elements that the page has from the start: their text, their label, their hint. */
export function translatePage() {
  document.documentElement.lang = current === "zh" ? "zh-Hans" : current;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(word(element, "data-t"));
  for (const name of ["aria-label", "placeholder", "title"]) {
    for (const element of document.querySelectorAll(`[data-t-${name}]`)) {
      element.setAttribute(name, t(word(element, `data-t-${name}`)));
    }
  }
}

/**
 * Return a share as a percentage.
 *
 * @param {number} share
 */
export function percent(share) {
  return new Intl.NumberFormat(current, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

/**
 * Return a number with its digits grouped, or a score with two decimals.
 *
 * @param {number} value
 * @param {number} [decimals]
 */
export function number(value, decimals = 0) {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(current, digits).format(value);
}

/**
 * Return the name of an attribute or value as people write it. It stays in the language of the data.
 *
 * @param {string} name
 */
export function readable(name) {
  return name.replaceAll("_", " ");
}

/** Return the code of the first language of the reader's that the page has. */
function first() {
  const kept = localStorage.getItem(KEPT);
  const wanted = [...(kept === null ? [] : [kept]), ...navigator.languages].map((code) => code.slice(0, 2).toLowerCase());
  return wanted.find((code) => code in LANGUAGES) ?? "en";
}

/**
 * @param {Element} element
 * @param {string} attribute
 * @returns {Word}
 */
function word(element, attribute) {
  return /** @type {Word} */ (element.getAttribute(attribute));
}
