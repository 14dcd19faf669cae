// @ts-check
/** Draws the labels to check: a card for each photo, and the values of the current one. */

import { fill, find, h, set } from "./dom.js";
import { labelPhoto } from "./label_api.js";
import { choiceOf, sheet, valuesOf } from "./label_sheet.js";
import { picture } from "./pictures.js";
import { percent, readable, t } from "./words.js";

/** @typedef {import("./label_api.js").Question} Question */

const SIDE = 320; // of a picture, in pixels
const DIGITS = 9; // values that have a digit; 0 is no label

/**
 * Draw all cards anew.
 *
 * @param {(place: number, select: boolean) => void} take what happens when one is clicked
 */
export function drawCards(take) {
  fill(find("photos"), ...sheet.questions.map((question, place) => card(question, place, take)));
  updateCards();
}

/** Show what has changed on the cards, without loading pictures again. */
export function updateCards() {
  sheet.questions.forEach((question, place) => {
    const element = find(`photo-${place}`);
    element.tabIndex = place === sheet.current ? 0 : -1;
    set(element, "aria-pressed", String(sheet.selected.has(question.question)));
    element.closest("li").classList.toggle("decided", question.decided !== null);
    element.closest("li").classList.toggle("current", place === sheet.current);
    find(`choice-${place}`).textContent = chosen(question);
  });
}

/**
 * Draw the values that the current label may have.
 *
 * @param {(value: string) => void} take what happens when one is clicked
 */
export function drawValues(take) {
  const question = sheet.questions[sheet.current];
  const box = find("values");
  if (question === undefined) return fill(box);
  const choice = choiceOf(question);
  const chips = [...valuesOf(question), ""].map((value, place) => {
    const digit = value === "" ? "0" : place < DIGITS ? String(place + 1) : "";
    const press = { click: () => take(value) };
    return h(
      "button",
      { type: "button", class: "chip", id: `value-${place}`, "aria-pressed": String(value === choice), "aria-keyshortcuts": digit || null, on: press },
      digit && h("kbd", { "aria-hidden": "true" }, digit),
      worded(value),
    );
  });
  fill(box, ...chips);
  find("values-title").textContent = readable(question.attribute);
}

/**
 * @param {Question} question
 * @param {number} place
 * @param {(place: number, select: boolean) => void} take
 */
function card(question, place, take) {
  const blob = () => labelPhoto(question.photo, SIDE);
  const frame = picture(question.name, { side: SIDE, there: true, alt: "", blob });
  const name = readable(question.attribute);
  const press = { click: () => take(place, true), focus: () => take(place, false) };
  const described = { "aria-label": t("photoOf", question.photo, name), "aria-describedby": `said-${place} choice-${place}` };
  return h(
    "li",
    { class: "card label-card" },
    h("button", { type: "button", class: "card-picture", id: `photo-${place}`, ...described, on: press }, frame),
    h(
      "div",
      { class: "card-body" },
      h("h3", {}, name),
      h("p", { id: `said-${place}`, class: "hint" }, said(question)),
      h("p", { id: `choice-${place}`, class: "choice-said" }),
    ),
  );
}

/** @param {Question} question */
function said({ label, suggestion, probability, doubt }) {
  const known = probability !== null || suggestion !== "";
  const sure = probability === null ? "" : ` (${percent(probability)})`;
  const doubtful = doubt === null ? "" : ` (${t("doubtful", percent(doubt))})`;
  return [t("labelIs", worded(label)) + doubtful, known && t("suggestedIs", worded(suggestion)) + sure].filter(Boolean).join(" · ");
}

/** @param {Question} question */
function chosen(question) {
  const choice = choiceOf(question);
  if (choice === null) return t("notChosen");
  return t(question.decided === choice ? "decidedIs" : "chosenIs", worded(choice));
}

/** @param {string} value */
function worded(value) {
  return value === "" ? t("noLabel") : readable(value);
}
