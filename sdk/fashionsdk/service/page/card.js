// @ts-check
/** One answer: its picture, why it is one, and what can be done with it. */

import { h, set } from "./dom.js";
import { addFurther } from "./further.js";
import { icon } from "./icons.js";
import { menu } from "./menu.js";
import { picture, showPicture } from "./pictures.js";
import { shownValue } from "./fields.js";
import { isListed, toggleListed } from "./shortlist.js";
import { ask, asked, begin } from "./state.js";
import { number, readable, t } from "./words.js";

/** @typedef {import("./finder.js").Answer} Answer */
/** @typedef {import("./api.js").Model} Model */

const SIDE = 480; // of a picture, in pixels
const FIELDS = 3; // of the metadata, on a card

/**
 * Return the card of an answer.
 *
 * @param {Answer} answer
 * @param {number} place from 0
 * @param {Model} model
 * @param {Record<string, number>} totals how much each attribute counts
 * @param {(answer: Answer) => void} open shows the item large
 */
export function card(answer, place, model, totals, open) {
  const frame = picture(answer.key, { side: SIDE, there: answer.picture });
  const label = t("openItem", answer.key);
  const large = h("button", { type: "button", class: "card-picture", "aria-label": label, on: { click: () => open(answer) } }, frame);
  return h(
    "li",
    { class: "card" },
    large,
    star(answer),
    h("div", { class: "card-body" }, heading(answer, place, totals), metadata(answer, FIELDS), bars(answer, frame, model, totals), actions(answer, model)),
  );
}

/**
 * Return how alike an answer is in each attribute. A bar shows where the model looks, where it can tell.
 *
 * @param {Answer} answer
 * @param {HTMLElement} frame of the picture
 * @param {Model} model
 * @param {Record<string, number>} totals
 * @param {number} [side] of the picture, in pixels
 */
export function bars(answer, frame, model, totals, side = SIDE) {
  const { scores } = answer;
  if (!scores) return null;
  const looks = model.attention && answer.picture;
  const shown = Object.keys(scores).filter((name) => totals[name]);
  return h("ul", { class: "bars" }, ...shown.map((name) => h("li", {}, bar(name, scores[name], looks && frame, answer.key, side))));
}

/**
 * @param {string} name
 * @param {number | null} score
 * @param {HTMLElement | false} frame
 * @param {string} key
 * @param {number} side
 */
function bar(name, score, frame, key, side) {
  const track = h("span", { class: `track${(score ?? 0) < 0 ? " against" : ""}` }, h("span", { class: "filled" }));
  track.style.setProperty("--share", `${100 * Math.min(Math.abs(score ?? 0), 1)}%`);
  const value = h("span", { class: "bar-score" }, score === null ? t("lacks") : number(score, 2));
  const parts = [h("span", { class: "bar-name" }, readable(name)), track, value];
  if (!frame) return h("span", { class: "bar" }, ...parts);
  const button = h("button", { type: "button", class: "bar", title: t("lookFor", readable(name)), "aria-pressed": "false" }, ...parts);
  button.addEventListener("click", () => toggleLook(button, frame, key, name, side));
  return button;
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} frame
 * @param {string} key
 * @param {string} name
 * @param {number} side
 */
function toggleLook(button, frame, key, name, side) {
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of button.closest(".bars")?.querySelectorAll("button") ?? []) set(other, "aria-pressed", "false");
  set(button, "aria-pressed", String(on));
  showPicture(frame, key, { side, ...(on && { attribute: name }) });
}

/**
 * @param {Answer} answer
 * @param {number} place
 * @param {Record<string, number>} totals
 */
function heading({ key, score }, place, totals) {
  const whole = Object.values(totals).reduce((sum, weight) => sum + weight, 0);
  const rank = score === undefined ? null : h("span", { class: "rank" }, number(place + 1));
  const shown = score === undefined || !whole ? null : h("span", { class: "score", title: t("scoreHint") }, number(score / whole, 2));
  return h("div", { class: "card-head" }, rank, h("h3", { class: "key", title: key }, fileName(key)), shown);
}

/**
 * Return the end of a key, which is a path: folders are often the same for all.
 *
 * @param {string} key
 */
function fileName(key) {
  return key.split("/").pop() || key;
}

/**
 * Return some of an item's metadata, as text.
 *
 * @param {{metadata: Record<string, any>}} item
 * @param {number} most
 */
export function metadata({ metadata }, most) {
  const fields = Object.entries(metadata).slice(0, most);
  const pairs = fields.flatMap(([name, value]) => [h("dt", {}, readable(name)), h("dd", {}, shownValue(value))]);
  return pairs.length ? h("dl", { class: "metadata" }, ...pairs) : null;
}

/**
 * Return what can be done with an item.
 *
 * @param {{key: string}} item
 * @param {Model} model
 * @param {() => void} [before] called first
 */
export function actions({ key }, model, before = () => {}) {
  const names = model.attributes.map(({ name }) => name);
  /** @type {import("./state.js").Subject} */
  const subject = { kind: "item", key };
  const alike = (/** @type {string} */ name) => () => {
    before();
    begin(subject, Object.fromEntries(names.map((each) => [each, each === name ? 1 : 0])));
  };
  const doing = (/** @type {() => void} */ act) => () => {
    before();
    act();
  };
  const list = () => [
    { text: t("everything"), act: doing(() => begin(subject)) },
    ...names.map((name) => ({ text: t("inAttribute", readable(name)), act: alike(name) })),
    /** @type {"line"} */ ("line"),
    { text: t("alsoLike"), act: doing(() => addFurther(subject)) },
    { text: t("awayFrom"), act: doing(() => addFurther(subject, { away: true })) },
    { text: t("leaveThisOut"), act: doing(() => ask({ exclude: [...new Set([...asked().exclude, key])] })) },
  ];
  return menu(t("moreLike"), t("moreLikeLabel", key), list);
}

/**
 * Return a button that puts an item on the shortlist, and takes it off.
 *
 * @param {{key: string, metadata: Record<string, any>, picture: boolean}} item
 */
export function star(item) {
  const button = h("button", { type: "button", class: "icon-button star" }, icon("star"));
  const update = () => {
    const listed = isListed(item.key);
    const label = t(listed ? "unlist" : "list", item.key);
    set(button, "aria-label", label);
    set(button, "title", label);
    set(button, "aria-pressed", String(listed));
  };
  button.addEventListener("click", () => toggleListed(item));
  button.addEventListener("listed", update);
  update();
  return button;
}
