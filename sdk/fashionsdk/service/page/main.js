// @ts-check
/** The page: whatever changes, what depends on it is drawn again or asked for anew. */

import * as api from "./api.js";
import { answersOf, drawAnswers, redrawAnswers } from "./answers.js";
import { drawReadingProblem, makeRows, updateRows } from "./attributes.js";
import { fill, find, h } from "./dom.js";
import { drawFilters, isOfFilter, showProblem, takeFilters } from "./filters.js";
import { lookAt } from "./fields.js";
import { findSoon, forget, onFound } from "./finder.js";
import { drawFurther, takeFurther } from "./further.js";
import { followAddress, remember, remembered } from "./history.js";
import { askKey, drawKey, takeKeys } from "./key.js";
import { drawSubject, onLook, takePhotos } from "./photo.js";
import { onReading, read, readFor, reading } from "./reading.js";
import { openShare } from "./share.js";
import { drawShortlist, openShortlist } from "./shortlist.js";
import { ask, asked, onChange } from "./state.js";
import { notice, problemBox, say } from "./status.js";
import { closeDialogs, takeSwitches } from "./switches.js";
import { inEveryLanguage, t, translatePage } from "./words.js";

/** @typedef {import("./state.js").Question} Question */

const SEEN = 100; // items whose fields are offered as filters from the start
const FILTERS = /** @type {const} */ (["where", "groupBy", "leaveOut", "exclude", "subject", "further"]);

/** Open the page. */
async function start() {
  api.hooks.askKey = askKey;
  api.hooks.waiting = (seconds) => notice(t("busy", seconds));
  for (const open of [takeSwitches, openShortlist, openShare, takeKeys, closeDialogs, leadToAnswers]) open();
  inEveryLanguage(translatePage);
  inEveryLanguage(drawKey);
  inEveryLanguage(drawShortlist);
  await connect();
}

/** Ask the service what it knows, and begin; where it does not answer, offer to try again. */
async function connect() {
  fill(find("answers-state"), h("p", { class: "hint" }, t("loading")));
  try {
    begin(await api.model());
  } catch (problem) {
    const again = h("button", { type: "button", class: "button", on: { click: connect } }, t("again"));
    fill(find("answers-state"), problemBox(problem, again));
  }
}

/** @param {api.Model} model */
function begin(model) {
  const names = model.attributes.map(({ name }) => name);
  readFor(model.attributes);
  answersOf(model);
  takePhotos();
  takeFilters();
  takeFurther(names);
  onChange(changed);
  onReading(readingChanged);
  onLook(updateRows);
  onFound(shown);
  followAddress((question) => known(question, names));
  inEveryLanguage(() => makeRows(model));
  inEveryLanguage(drawAll);
  find("to-labels").hidden = !model.labels;
  find("page").hidden = false;
  ask(remembered((question) => known(question, names)));
  seeFields();
}

/**
 * Draw and ask what depends on a change.
 *
 * @param {Question} now
 * @param {Question} before
 * @param {boolean} push
 */
function changed(now, before, push) {
  remember(now, push);
  const differs = (/** @type {keyof Question} */ part) => now[part] !== before[part];
  if (differs("subject")) {
    drawSubject();
    read(now.subject);
  }
  if (differs("further")) drawFurther();
  if (FILTERS.some(differs)) drawFilters();
  updateRows();
  if (push) toAnswers();
  findSoon();
}

function readingChanged() {
  updateRows();
  drawReadingProblem();
  if (reading().status === "failed") forget();
}

/** Lead whoever uses the keyboard to the new answers; the element that was used may be gone. */
function toAnswers() {
  if (document.activeElement === document.body) find("answers-title").focus({ preventScroll: true });
  if (find("answers").getBoundingClientRect().top < 0) find("answers-title").scrollIntoView();
}

/**
 * @param {import("./finder.js").Found} found
 * @param {boolean} more
 */
function shown(found, more) {
  lookAt(found.answers);
  drawAnswers(found, more);
  if (isOfFilter(found.problem)) showProblem(found.problem);
}

function drawAll() {
  drawSubject();
  drawFurther();
  drawFilters();
  updateRows();
  drawReadingProblem();
  redrawAnswers();
}

/**
 * Return a question without attributes that the model does not have, and say so: it may be another's.
 *
 * @param {Question} question
 * @param {string[]} names
 * @returns {Question}
 */
function known(question, names) {
  const asking = [...Object.keys(question.by ?? {}), ...Object.keys(question.values), ...question.further.flatMap(({ by }) => by)];
  const unknown = [...new Set(asking.filter((name) => !names.includes(name)))];
  if (unknown.length === 0) return question;
  notice(t("unknownAttributes", unknown.join(", ")));
  const only = (/** @type {Record<string, any>} */ given) => Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
  const further = question.further.map((each) => ({ ...each, by: each.by.filter((name) => names.includes(name)) }));
  return { ...question, by: question.by && only(question.by), values: only(question.values), further };
}

/** Look at some items, so that their fields can be filtered by at once. */
async function seeFields() {
  try {
    lookAt((await api.items({ limit: SEEN })).items);
  } catch (problem) {
    say(String(problem)); // the answers below explain it better
  }
}

/** Lead to the answers, without an address of theirs: the address is the question. */
function leadToAnswers() {
  const button = find("to-answers");
  new IntersectionObserver(([{ isIntersecting }]) => (button.hidden = isIntersecting)).observe(find("answers"));
  for (const id of ["skip", "to-answers"]) {
    find(id).addEventListener("click", (/** @type {Event} */ event) => {
      event.preventDefault();
      find("answers-title").scrollIntoView();
      find("answers-title").focus({ preventScroll: true });
    });
  }
}

start();
