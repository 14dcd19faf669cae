// @ts-check
/** The answers as a grid, and what is said while there are none. */

import { card } from "./card.js";
import { openItem } from "./closer.js";
import { fill, find, h } from "./dom.js";
import { find as ask, findMore, found } from "./finder.js";
import { totals } from "./request.js";
import { asked, ask as change } from "./state.js";
import { problemBox, say } from "./status.js";
import { number, readable, t } from "./words.js";

/** @typedef {import("./finder.js").Found} Found */

const WAITING = 12; // empty cards while the first answers are awaited

/** @type {import("./api.js").Model | null} */
let model = null;

/**
 * Say which model answers.
 *
 * @param {import("./api.js").Model} known
 */
export function answersOf(known) {
  model = known;
  find("more").addEventListener("click", more);
}

/**
 * Draw what was found.
 *
 * @param {Found} now
 * @param {boolean} [added] whether answers were added to those before
 */
export function drawAnswers(now, added = false) {
  if (model === null) return;
  drawHeading(now);
  find("answers").setAttribute("aria-busy", String(now.status === "loading"));
  fill(find("answers-state"), stateOf(now));
  find("more").hidden = now.status !== "ready" || now.next === null;
  find("more").disabled = false;
  if (added) addCards(now);
  else if (now.status === "loading") drawWaiting(now);
  else fill(find("answers"), ...(now.status === "ready" ? cards(now, 0) : []));
  if (now.status === "ready" && !now.browsing) say(t("answersSaid", now.answers.length));
}

/** Draw the same again, in another language. */
export function redrawAnswers() {
  drawAnswers(found());
}

/**
 * @param {Found} now
 * @param {number} first
 */
function cards(now, first) {
  const known = /** @type {import("./api.js").Model} */ (model);
  const sums = now.browsing ? {} : totals(asked());
  const open = (/** @type {import("./finder.js").Answer} */ answer) => openItem(answer, known, sums);
  return now.answers.slice(first).map((answer, place) => card(answer, first + place, known, sums, open));
}

/** @param {Found} now */
function addCards(now) {
  const list = find("answers");
  const before = list.children.length;
  list.append(...cards(now, before));
  list.children[before]?.querySelector("button")?.focus();
}

/**
 * Keep the answers before while new ones are awaited, so that the page does not jump.
 *
 * @param {Found} now
 */
function drawWaiting(now) {
  if (now.answers.length > 0 && find("answers").children.length > 0) return;
  fill(find("answers"), ...Array.from({ length: WAITING }, () => h("li", { class: "card waiting", "aria-hidden": "true" })));
}

/** @param {Found} now */
function drawHeading({ browsing, count }) {
  find("answers-title").textContent = t(browsing ? "gallery" : "answers");
  find("answers-by").textContent = browsing ? (count === null ? "" : t("items", count)) : countedBy();
}

/** Return which attributes count, the most first. */
function countedBy() {
  const sums = Object.entries(totals(asked())).sort(([, one], [, other]) => other - one);
  return sums.length ? t("by", sums.map(([name]) => readable(name)).join(", ")) : "";
}

/** @param {Found} now */
function stateOf({ status, browsing, answers, problem }) {
  if (status === "failed") return problemBox(problem, h("button", { type: "button", class: "button", on: { click: ask } }, t("again")));
  if (status === "photo") return hint(t("photoAgain"));
  if (status === "off") return hint(t("allOff"));
  if (status === "ready" && answers.length === 0) return nothing(browsing);
  return status === "ready" && browsing ? hint(t("browseHint")) : null;
}

/** @param {boolean} browsing */
function nothing(browsing) {
  const { where, exclude } = asked();
  if (!where && !exclude.length) return hint(t(browsing ? "emptyGallery" : "noAnswers"));
  const clear = () => change({ where: "", exclude: [] });
  return h("div", { class: "nothing" }, h("p", {}, t("noneMeets")), h("button", { type: "button", class: "button", on: { click: clear } }, t("clearFilters")));
}

/** @param {string} text */
function hint(text) {
  return h("p", { class: "hint" }, text);
}

async function more() {
  find("more").disabled = true;
  await findMore();
  say(t("answersSaid", number(found().answers.length)));
}
