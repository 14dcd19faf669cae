// @ts-check
/** Items that the reader keeps in this browser, and takes along as a table. */

import { fill, find, h } from "./dom.js";
import { icon } from "./icons.js";
import { picture } from "./pictures.js";
import { shownValue } from "./fields.js";
import { say } from "./status.js";
import { begin } from "./state.js";
import { number, t } from "./words.js";

/** @typedef {{key: string, metadata: Record<string, any>, picture: boolean}} Listed */

const KEPT = "fashionsdk.shortlist";
const SIDE = 160; // of a picture, in pixels

/** @type {Listed[]} */
let listed = stored();

/** Let the list be opened, emptied and saved. */
export function openShortlist() {
  const dialog = find("shortlist");
  find("open-shortlist").addEventListener("click", () => {
    drawShortlist();
    dialog.showModal();
  });
  find("save-shortlist").addEventListener("click", save);
  find("empty-shortlist").addEventListener("click", () => keep([]));
  window.addEventListener("storage", (event) => {
    if (event.key === KEPT) update(stored()); // another tab changed it
  });
}

/**
 * Tell whether an item is on the list.
 *
 * @param {string} key
 */
export function isListed(key) {
  return listed.some((item) => item.key === key);
}

/**
 * Put an item on the list, or take it off.
 *
 * @param {Listed} item
 */
export function toggleListed({ key, metadata, picture }) {
  const there = isListed(key);
  keep(there ? listed.filter((item) => item.key !== key) : [...listed, { key, metadata, picture }]);
  say(t(there ? "unlisted" : "listed", key));
}

/** Draw the list and its number. */
export function drawShortlist() {
  find("shortlist-count").textContent = listed.length ? number(listed.length) : "";
  fill(find("shortlist-items"), ...listed.map(row));
  find("shortlist-none").hidden = listed.length > 0;
  for (const id of ["save-shortlist", "empty-shortlist"]) find(id).disabled = listed.length === 0;
}

/**
 * Return items as a table for spreadsheets: a column for the key and each field, after a mark that it is UTF-8.
 *
 * @param {Listed[]} items
 */
export function toTable(items) {
  const fields = [...new Set(items.flatMap(({ metadata }) => Object.keys(metadata)))];
  const rows = items.map(({ key, metadata }) => [key, ...fields.map((name) => shownValue(metadata[name] ?? ""))]);
  return `\ufeff${[["key", ...fields], ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/**
 * Return a cell. One that a spreadsheet would run as a formula gets an apostrophe before it.
 *
 * @param {string} text
 */
function cell(text) {
  const harmless = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** @param {Listed} item */
function row(item) {
  const remove = h("button", { type: "button", class: "icon-button", on: { click: () => toggleListed(item) } }, icon("close"));
  remove.setAttribute("aria-label", t("unlist", item.key));
  const ask = () => {
    find("shortlist").close();
    begin({ kind: "item", key: item.key });
  };
  const key = h("button", { type: "button", class: "link key", on: { click: ask } }, item.key);
  return h("li", {}, h("span", { class: "thumb" }, picture(item.key, { side: SIDE, there: item.picture, alt: "" })), key, remove);
}

/** @param {Listed[]} next */
function keep(next) {
  localStorage.setItem(KEPT, JSON.stringify(next));
  update(next);
}

/** @param {Listed[]} next */
function update(next) {
  listed = next;
  drawShortlist();
  for (const button of document.querySelectorAll(".star")) button.dispatchEvent(new Event("listed"));
}

function save() {
  const address = URL.createObjectURL(new Blob([toTable(listed)], { type: "text/csv" }));
  h("a", { href: address, download: "shortlist.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** @returns {Listed[]} */
function stored() {
  try {
    const items = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return items.filter((/** @type {any} */ item) => typeof item?.key === "string" && item.metadata instanceof Object);
  } catch {
    return []; // not written by this page
  }
}
