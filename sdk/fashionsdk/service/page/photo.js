// @ts-check
/** The photo or item that is asked about: how it is given, how a garment of it is chosen, where the model looks. */

import * as api from "./api.js";
import { keepPhoto, photoAddress, photoFile } from "./album.js";
import { boxOn, middle, placeOf } from "./box.js";
import { fill, find, h, place } from "./dom.js";
import { icon } from "./icons.js";
import { picture, showPicture } from "./pictures.js";
import { notice, say } from "./status.js";
import { ask, asked, begin } from "./state.js";
import { readable, t } from "./words.js";

const SIDE = 640; // of an item's picture, in pixels

/** @typedef {import("./state.js").Photo} Photo */

/** The attribute whose attention is shown over the photo, or "". */
let looked = "";
const choose = find("choose");
/** @type {HTMLElement | null} */
let frame = null;
/** @type {(() => void)[]} */
const listeners = [];

/** Take photos that are dropped anywhere, pasted, or chosen. */
export function takePhotos() {
  find("choose-photo").addEventListener("change", (/** @type {any} */ event) => take(event.target));
  document.addEventListener("paste", (event) => give(event.clipboardData, event));
  document.addEventListener("dragover", (event) => mark(event, true));
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(event, false));
  document.addEventListener("drop", (event) => {
    mark(event, false);
    give(event.dataTransfer, event);
  });
}

/** Return the attribute whose attention is shown, or "". */
export function lookedAt() {
  return looked;
}

/** Tell whether there is a picture to show it over. */
export function hasPicture() {
  return frame !== null;
}

/**
 * Call a function when attention for another attribute is shown.
 *
 * @param {() => void} listener
 */
export function onLook(listener) {
  listeners.push(listener);
}

/**
 * Show where the model looks for an attribute, or stop showing it.
 *
 * @param {string} attribute
 */
export async function look(attribute) {
  looked = attribute;
  for (const listener of listeners) listener();
  const { subject } = asked();
  if (frame === null || subject === null) return;
  if (attribute) frame.scrollIntoView({ block: "nearest" });
  if (subject.kind === "item") {
    showPicture(frame, subject.key, { side: SIDE, ...(attribute && { attribute }) });
    return;
  }
  frame.querySelector(".heat")?.remove();
  if (attribute) await showHeat(frame, subject, attribute);
}

/** Draw the subject. */
export function drawSubject() {
  const { subject } = asked();
  const photo = subject?.kind === "photo" ? photoAddress(subject.id) : null;
  looked = "";
  frame = null;
  const given = photo !== null || subject?.kind === "item";
  find("subject").classList.toggle("empty", !given);
  choose.lastElementChild.textContent = t(given ? "anotherPhoto" : "choosePhoto");
  find("drop").append(choose); // out of the buttons below the photo, which are drawn anew
  if (subject?.kind === "item") drawItem(subject.key);
  else if (subject && photo) drawPhoto(subject, photo);
  else fill(find("subject-picture"), subject && h("p", { class: "remark" }, t("photoAgain")));
  for (const listener of listeners) listener();
}

/** @param {string} key */
function drawItem(key) {
  frame = picture(key, { side: SIDE, there: true });
  fill(
    find("subject-picture"),
    h("figure", {}, frame, h("figcaption", { class: "key" }, key)),
    actions(choose, button("remove-subject", "close", t("removeItem"), () => begin(null))),
  );
}

/**
 * @param {Photo} subject
 * @param {string} address
 */
function drawPhoto(subject, address) {
  const image = h("img", { src: address, alt: t("yourPhoto"), draggable: "false" });
  const here = (frame = h("span", { class: "photo" }, image));
  const add = button("add-box", "box", t("chooseGarment"), () => setBox(subject.box ? null : middle(image)));
  const remove = button("remove-subject", "close", t("removePhoto"), () => begin(null));
  const help = h("p", { class: "hint", id: "box-help" }, t(subject.box ? "boxKeys" : "boxHelp"));
  fill(find("subject-picture"), h("figure", {}, here), actions(add, choose, remove), help);
  image.addEventListener("load", () => ready(here, image, subject, add));
  image.addEventListener("error", () => {
    here.replaceChildren(h("span", { class: "no-picture" }, icon("photo"), t("cannotShow")));
    add.hidden = true;
  });
}

/**
 * @param {HTMLElement} frame
 * @param {HTMLImageElement} image
 * @param {Photo} subject
 * @param {HTMLElement} add
 */
function ready(frame, image, subject, add) {
  const shape = boxOn(frame, image, subject.box, setBox);
  add.lastChild?.replaceWith(t(subject.box ? "wholePhoto" : "chooseGarment"));
  if (focusBox && subject.box) shape.focus();
  focusBox = false;
}

let focusBox = false;

/** @param {import("./state.js").Box | null} box */
function setBox(box) {
  const { subject } = asked();
  if (subject?.kind !== "photo") return;
  focusBox = box !== null;
  ask({ subject: { ...subject, box } });
  say(box ? t("boxChosen") : t("wholePhotoAsked"));
  if (box === null) document.getElementById("add-box")?.focus();
}

/**
 * @param {HTMLElement} frame
 * @param {Photo} subject
 * @param {string} attribute
 */
async function showHeat(frame, subject, attribute) {
  const file = photoFile(subject.id);
  const photo = frame.querySelector("img");
  if (file === null || photo === null) return;
  frame.classList.add("busy");
  try {
    const heat = h("img", { class: "heat", alt: t("attentionOf", readable(attribute)) });
    heat.src = URL.createObjectURL(await api.attention(file, subject.box, attribute));
    await heat.decode().finally(() => URL.revokeObjectURL(heat.src));
    if (subject.box) place(heat, placeOf(subject.box, { x: photo.naturalWidth, y: photo.naturalHeight }));
    if (looked === attribute) photo.after(heat);
  } catch (problem) {
    notice(t("noAttention"));
  }
  frame.classList.remove("busy");
}

/** @param {HTMLInputElement} input */
function take(input) {
  const file = input.files?.[0];
  if (file) start(file);
  input.value = ""; // the same photo may be chosen again
}

/**
 * Take the first file of what was dropped or pasted.
 *
 * @param {DataTransfer | null} data
 * @param {Event} event
 */
function give(data, event) {
  const file = data?.files[0];
  if (file) {
    event.preventDefault();
    start(file);
  } else if (event.type === "drop") {
    event.preventDefault(); // the browser would leave the page
    notice(t("noFile"));
  }
}

/**
 * Ask about a photo. A file that says it is something else takes nothing away from what is asked now.
 *
 * @param {Blob} file
 */
function start(file) {
  if (file.type !== "" && !file.type.startsWith("image/")) return notice(t("noPhoto"));
  const { subject } = asked();
  const id = keepPhoto(file);
  if (subject?.kind === "photo" && photoFile(subject.id) === null) ask({ subject: { ...subject, id } });
  else begin({ kind: "photo", id, box: null });
  say(t("photoTaken"));
}

/**
 * @param {DragEvent} event
 * @param {boolean} over
 */
function mark(event, over) {
  event.preventDefault();
  document.body.classList.toggle("dragging", over);
}

/** @param {...HTMLElement} buttons */
function actions(...buttons) {
  return h("p", { class: "actions" }, ...buttons);
}

/**
 * @param {string} id
 * @param {Parameters<typeof icon>[0]} drawing
 * @param {string} text
 * @param {() => void} click
 */
function button(id, drawing, text, click) {
  return h("button", { id, type: "button", class: "quiet", on: { click } }, icon(drawing), text);
}
