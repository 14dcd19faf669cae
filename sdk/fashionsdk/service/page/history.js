// @ts-check
/** Keeps the address in step with the question, and leads back and forth with the browser's buttons. */

import { photoFile } from "./album.js";
import { fromAddress, toAddress } from "./address.js";
import { ask, subjects } from "./state.js";

/** @typedef {import("./state.js").Question} Question */

/**
 * Write a question into the address.
 *
 * @param {Question} question
 * @param {boolean} push whether "back" shall lead to the question before
 */
export function remember(question, push) {
  const text = toAddress(question);
  const photos = subjects(question).map((each) => (each.kind === "photo" ? each.id : 0));
  const address = text ? `#${text}` : location.pathname;
  if (push) window.history.pushState(photos, "", address);
  else window.history.replaceState(photos, "", address);
}

/**
 * Return the question of the address; photos that were given since the page was opened are there again.
 *
 * @param {(question: Question) => Question} checked leaves out what the model does not know
 */
export function remembered(checked) {
  const question = checked(fromAddress(location.hash));
  const ids = Array.isArray(window.history.state) ? window.history.state : [];
  subjects(question).forEach((each, place) => {
    if (each.kind === "photo" && photoFile(ids[place]) !== null) each.id = ids[place];
  });
  return question;
}

/**
 * Ask what the address says whenever the reader goes back, forth, or changes it.
 *
 * @param {(question: Question) => Question} checked
 */
export function followAddress(checked) {
  window.addEventListener("popstate", () => ask(remembered(checked)));
}
