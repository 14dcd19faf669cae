// @ts-check
/** The page where labels are checked: with the keyboard or without, one by one or several at once. */

import * as api from "./api.js";
import { fill, find, h } from "./dom.js";
import { askKey, drawKey, takeKeys } from "./key.js";
import { drawCards, drawValues, updateCards } from "./label_cards.js";
import { choose, confirm, openSheet, sheet, showFirst, showMore, targets, undo, valuesOf } from "./label_sheet.js";
import { notice, problemBox, say } from "./status.js";
import { closeDialogs, takeSwitches } from "./switches.js";
import { inEveryLanguage, number, readable, t, translatePage } from "./words.js";

const KINDS = /** @type {const} */ (["suspect", "unlabelled"]);
const STEPS = /** @type {Record<string, (columns: number) => number>} */ ({
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: (columns) => -columns,
  ArrowDown: (columns) => columns,
});
let busy = false;

/** Open the page. */
async function start() {
  api.hooks.askKey = askKey;
  api.hooks.waiting = (seconds) => notice(t("busy", seconds));
  for (const open of [takeSwitches, takeKeys, closeDialogs, takeControls]) open();
  inEveryLanguage(translatePage);
  inEveryLanguage(drawKey);
  await shown(openSheet);
  if (sheet.state.progress.some(({ kind, count }) => kind === "suspect" && count === 0)) await shown(() => showKind("unlabelled"));
  inEveryLanguage(draw);
}

function takeControls() {
  for (const kind of KINDS) find(`kind-${kind}`).addEventListener("click", () => shown(() => showKind(kind)));
  find("attribute").addEventListener("change", () => shown(() => showAttribute(find("attribute").value)));
  find("confirm").addEventListener("click", decide);
  find("undo").addEventListener("click", takeBack);
  find("select-all").addEventListener("click", selectAll);
  find("more").addEventListener("click", () => shown(showMore));
  find("photos").addEventListener("keydown", onKey);
}

/** @param {import("./label_api.js").Kind} kind */
async function showKind(kind) {
  sheet.kind = kind;
  await showFirst();
}

/** @param {string} name */
async function showAttribute(name) {
  sheet.attribute = name;
  await showFirst();
}

/**
 * Do what asks the service, one thing at a time, and draw what comes of it.
 *
 * @param {() => Promise<void>} work
 */
async function shown(work) {
  if (busy) return;
  busy = true;
  find("photos").setAttribute("aria-busy", "true");
  fill(find("sheet-state"));
  try {
    await work();
    find("page").hidden = false;
  } catch (problem) {
    fill(find("sheet-state"), problemBox(problem, h("button", { type: "button", class: "button", on: { click: () => shown(openSheet) } }, t("again"))));
  }
  busy = false;
  find("photos").setAttribute("aria-busy", "false");
  draw();
}

function draw() {
  drawControls();
  drawCards(take);
  drawValues(chosen);
}

function drawControls() {
  for (const { kind, count, decided } of sheet.state.progress) {
    find(`kind-${kind}`).setAttribute("aria-pressed", String(kind === sheet.kind));
    find(`count-${kind}`).textContent = number(count - decided);
    if (kind !== sheet.kind) continue;
    Object.assign(find("progress"), { max: Math.max(count, 1), value: decided });
    find("progress-said").textContent = t("decidedOf", decided, count);
  }
  const names = sheet.state.attributes.map(({ name }) => name);
  const option = (/** @type {string} */ name) => h("option", { value: name, selected: name === sheet.attribute }, name ? readable(name) : t("allAttributes"));
  fill(find("attribute"), option(""), ...names.map(option));
  find("more").hidden = !sheet.more;
  find("read-only").hidden = sheet.state.writable;
  const open = sheet.questions.some(({ decided }) => decided === null);
  find("all-decided").hidden = open || sheet.more || !find("sheet-state").matches(":empty");
  drawSelection();
}

function drawSelection() {
  find("selected-said").textContent = sheet.selected.size ? t("selectedCount", sheet.selected.size) : "";
  find("confirm").disabled = !sheet.state.writable || targets().length === 0;
  find("undo").disabled = sheet.undos.length === 0;
}

/** Show what has changed, without drawing the cards anew. */
function update() {
  updateCards();
  drawValues(chosen);
  drawControls();
}

/**
 * @param {number} place
 * @param {boolean} select whether it was clicked, and not only come to
 */
function take(place, select) {
  if (select) toggle(place);
  if (select || place !== sheet.current) {
    sheet.current = place;
    update();
  }
}

/** @param {number} place */
function toggle(place) {
  const { question } = sheet.questions[place];
  if (!sheet.selected.delete(question)) sheet.selected.add(question);
}

/** @param {string} value */
function chosen(value) {
  choose(value);
  update();
}

function selectAll() {
  const open = sheet.questions.filter(({ decided }) => decided === null).map(({ question }) => question);
  sheet.selected = sheet.selected.size === open.length ? new Set() : new Set(open);
  update();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || sheet.questions.length === 0) return;
  const step = STEPS[event.key];
  const values = valuesOf(sheet.questions[sheet.current]);
  if (step) moveTo(sheet.current + step(columns()));
  else if (event.key === "Home") moveTo(0);
  else if (event.key === "End") moveTo(sheet.questions.length - 1);
  else if (event.key === "Enter") decide();
  else if (event.key === "0") chosen("");
  else if (/^[1-9]$/.test(event.key) && values.length >= Number(event.key)) chosen(values[Number(event.key) - 1]);
  else if (event.key.toLowerCase() === "a") selectAll();
  else if (event.key.toLowerCase() === "u") takeBack();
  else return; // the space bar presses the card's button, which selects it
  event.preventDefault();
}

/** Return how many cards stand beside each other. */
function columns() {
  const [first, ...others] = [...find("photos").children];
  const next = others.findIndex((card) => card.offsetTop > first.offsetTop);
  return next < 0 ? others.length + 1 : next + 1;
}

/** @param {number} place */
function moveTo(place) {
  if (place < 0 || place >= sheet.questions.length) return;
  sheet.current = place;
  update();
  find(`photo-${place}`).focus();
}

/** Write what is chosen, and go on to the next label. */
async function decide() {
  if (busy || !sheet.state.writable) return;
  const focused = find("photos").contains(document.activeElement);
  find("photos").dataset.writing = "";
  await quietly(async () => {
    const { written, others } = await confirm();
    if (others) notice(t("othersDecided", others));
    else if (written === 0) notice(t("chooseFirst"));
    else say(t("confirmed", written));
  });
  if (sheet.questions.every(({ decided }) => decided !== null) && sheet.more) await shown(showFirst);
  goOn(focused);
  delete find("photos").dataset.writing;
}

/**
 * Go to the next label that is not decided, if the current one is.
 *
 * @param {boolean} focused whether to lead the focus there
 */
function goOn(focused) {
  const open = sheet.questions.map(({ decided }, place) => ({ decided, place })).filter(({ decided }) => decided === null);
  const next = open.find(({ place }) => place >= sheet.current) ?? open[0];
  if (next !== undefined) sheet.current = next.place;
  update();
  if (focused) find("photos").querySelector('[tabindex="0"]')?.focus();
}

async function takeBack() {
  if (busy || !sheet.state.writable) return;
  find("photos").dataset.writing = "";
  await quietly(async () => {
    const done = await undo();
    if (done) say(t("takenBack"));
    else notice(t("nothingToUndo"));
  });
  update();
  delete find("photos").dataset.writing;
}

/**
 * Do what asks the service while the cards stay as they are.
 *
 * @param {() => Promise<void>} work
 */
async function quietly(work) {
  busy = true;
  try {
    await work();
    fill(find("sheet-state"));
  } catch (problem) {
    fill(find("sheet-state"), problemBox(problem));
  }
  busy = false;
}

start();
