// @ts-check
/** Photos and items beside the first: this collar, that colour, and what to stay away from. */

import { keepPhoto, photoAddress, photoFile } from "./album.js";
import { fill, find, h } from "./dom.js";
import { icon } from "./icons.js";
import { picture } from "./pictures.js";
import { ask, asked } from "./state.js";
import { notice, say } from "./status.js";
import { percent, readable, t } from "./words.js";

/** @typedef {import("./state.js").Further} Further */
/** @typedef {import("./state.js").Subject} Subject */

const MOST = 8;
const SIDE = 160; // of an item's picture, in pixels

/** @type {string[]} */
let attributes = [];
/** Attributes that the first photo gave up for an example. @type {Set<string>} */
const taken = new Set();

/**
 * Let photos be added, for a model's attributes.
 *
 * @param {string[]} names
 */
export function takeFurther(names) {
  attributes = names;
  find("choose-further").addEventListener("change", (/** @type {any} */ event) => {
    const file = event.target.files?.[0];
    if (file) give({ kind: "photo", id: keepPhoto(file), box: null });
    event.target.value = "";
  });
}

/**
 * Add a photo or item to the question.
 *
 * @param {Subject} subject
 * @param {{away?: boolean}} [how] away: answers shall stay away from it
 */
export function addFurther(subject, { away = false } = {}) {
  const { further } = asked();
  if (further.length >= MOST) return notice(t("enoughFurther", MOST));
  const weighed = attributes.filter((name) => (asked().by?.[name] ?? 0) > 0);
  const by = away ? (weighed.length ? weighed : attributes) : []; // which ones shall be like it, the reader says
  ask({ further: [...further, { subject, by, weight: away ? 0.5 : 1, away }] }, { push: true });
  say(t(away ? "stayingAway" : "combined"));
}

/** Draw them. */
export function drawFurther() {
  fill(find("further"), ...asked().further.map(card));
}

/** @param {Subject} subject */
function give(subject) {
  const place = asked().further.findIndex((each) => each.subject.kind === "photo" && !photoFile(each.subject.id));
  if (place >= 0) replace(place, { subject }); // an address said that there was one
  else addFurther(subject);
}

/**
 * @param {Further} further
 * @param {number} place
 */
function card(further, place) {
  const id = `further-${place}`;
  return h(
    "li",
    { class: "further", "aria-label": t("furtherLabel", place + 1) },
    h("div", { class: "further-picture" }, thumbnail(further.subject)),
    h(
      "div",
      { class: "further-body" },
      h("div", { class: "further-head" }, likeOrAway(further, place, id), remove(place, id)),
      h("p", { class: "hint" }, t(further.by.length ? "furtherBy" : "furtherChoose")),
      h("div", { class: "chips", role: "group", "aria-label": t("furtherBy") }, ...attributes.map((name) => chip(further, place, name, id))),
      slider(further, place, id),
    ),
  );
}

/** @param {Subject} subject */
function thumbnail(subject) {
  if (subject.kind === "item") return picture(subject.key, { side: SIDE, there: true });
  const address = photoAddress(subject.id);
  return address ? h("img", { src: address, alt: t("yourPhoto") }) : h("span", { class: "no-picture" }, icon("photo"), t("photoAgainShort"));
}

/**
 * @param {Further} further
 * @param {number} place
 * @param {string} id
 */
function likeOrAway({ away }, place, id) {
  const choose = (/** @type {boolean} */ chosen) => () => replace(place, { away: chosen });
  return h(
    "div",
    { class: "choice", role: "group", "aria-label": t("likeOrAway") },
    h("button", { id: `${id}-like`, type: "button", "aria-pressed": String(!away), on: { click: choose(false) } }, t("like")),
    h("button", { id: `${id}-away`, type: "button", "aria-pressed": String(away), on: { click: choose(true) } }, t("stayAway")),
  );
}

/**
 * @param {Further} further
 * @param {number} place
 * @param {string} name
 * @param {string} id
 */
function chip({ by }, place, name, id) {
  const chosen = by.includes(name);
  const click = () => toggle(place, name);
  return h("button", { id: `${id}-by-${name}`, type: "button", class: "chip", "aria-pressed": String(chosen), on: { click } }, readable(name));
}

/**
 * Count an attribute of an example, or no more.
 *
 * @param {number} place
 * @param {string} name
 */
function toggle(place, name) {
  const { by: names } = asked().further[place];
  replace(place, { by: names.includes(name) ? names.filter((each) => each !== name) : [...names, name] });
}

/**
 * Ask with other examples. What shall be like one of them is no longer asked of the first photo, and comes back when no
 * example has it.
 *
 * @param {Further[]} further
 * @param {{push?: boolean}} [how]
 */
function combine(further, how) {
  const { by, subject } = asked();
  const alike = new Set(further.filter(({ away }) => !away).flatMap((each) => each.by));
  const back = [...taken].filter((name) => !alike.has(name));
  const gone = [...alike].filter((name) => subject && by?.[name] && !isAlike(name));
  for (const name of back) taken.delete(name);
  for (const name of gone) taken.add(name);
  const weights = [...back.map((name) => [name, 1]), ...gone.map((name) => [name, 0])];
  ask({ further, by: by && { ...by, ...Object.fromEntries(weights) } }, how);
  if (gone.length) notice(t("takenOver", gone.map(readable).join(", ")));
}

/**
 * Tell whether an example has an attribute already; then the first photo has it too, for its weight was set again.
 *
 * @param {string} name
 */
function isAlike(name) {
  return asked().further.some(({ by, away }) => !away && by.includes(name));
}

/**
 * @param {Further} further
 * @param {number} place
 * @param {string} id
 */
function slider({ weight }, place, id) {
  const output = h("output", {}, percent(weight));
  const show = (/** @type {any} */ event) => (output.textContent = percent(Number(event.target.value) / 100));
  const change = (/** @type {any} */ event) => replace(place, { weight: Number(event.target.value) / 100 });
  const input = h("input", {
    id: `${id}-weight`,
    type: "range",
    min: 5,
    max: 100,
    step: 5,
    value: Math.round(100 * weight),
    "aria-label": t("strength"),
    on: { input: show, change },
  });
  return h("div", { class: "weight" }, input, output);
}

/**
 * @param {number} place
 * @param {string} id
 */
function remove(place, id) {
  const click = () => {
    combine(asked().further.filter((_, other) => other !== place), { push: true });
    find("choose-further").focus();
  };
  const label = t("removeFurther");
  return h("button", { id: `${id}-remove`, type: "button", class: "icon-button", "aria-label": label, title: label, on: { click } }, icon("close"));
}

/**
 * @param {number} place
 * @param {Partial<Further>} part
 */
function replace(place, part) {
  combine(asked().further.map((each, other) => (other === place ? { ...each, ...part } : each)));
}
