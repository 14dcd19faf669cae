// @ts-check
/** Pictures of items. They are fetched, since an image element cannot send a key, and only when they come into view. */

import * as api from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const AT_ONCE = 4; // requests, so that a search never waits behind a page of pictures
const AHEAD = "300px"; // loaded before they come into view

/** @type {(() => Promise<void>)[]} */
const waiting = [];
let running = 0;

/** @type {WeakMap<Element, () => void>} */
const whenSeen = new WeakMap();
const watcher = new IntersectionObserver(seen, { rootMargin: AHEAD });

/**
 * Return a frame that will hold the picture of an item.
 *
 * @param {string} key
 * @param {{side: number, there: boolean, alt?: string, blob?: () => Promise<Blob>}} how side: of the picture in pixels; there:
 *   whether the service has one; alt: its words, the key if they are not given; blob: fetches it, if it is no item's
 */
export function picture(key, { side, there, alt, blob }) {
  const frame = h("span", { class: "picture" });
  if (!there) {
    frame.append(none());
    return frame;
  }
  whenSeen.set(frame, () => showPicture(frame, key, { side, alt, blob }));
  watcher.observe(frame);
  return frame;
}

/**
 * Load an item's picture into its frame, with the model's attention for an attribute or without.
 *
 * @param {HTMLElement} frame
 * @param {string} key
 * @param {{side: number, attribute?: string, alt?: string, blob?: () => Promise<Blob>}} how
 */
export function showPicture(frame, key, how) {
  whenSeen.delete(frame);
  frame.classList.add("busy");
  waiting.push(() => load(frame, key, how));
  next();
}

/**
 * Show the picture of a blob in a frame.
 *
 * @param {HTMLElement} frame
 * @param {Blob} blob
 * @param {string} alt
 */
export async function showBlob(frame, blob, alt) {
  const image = h("img", { alt, src: URL.createObjectURL(blob) });
  await image.decode().finally(() => URL.revokeObjectURL(image.src));
  frame.replaceChildren(image);
}

/**
 * @param {HTMLElement} frame
 * @param {string} key
 * @param {{side: number, attribute?: string, alt?: string, blob?: () => Promise<Blob>}} how
 */
async function load(frame, key, how) {
  try {
    await showBlob(frame, await (how.blob?.() ?? api.picture(key, how)), how.alt ?? key);
  } catch {
    frame.replaceChildren(none());
  }
  frame.classList.remove("busy");
}

function none() {
  return h("span", { class: "no-picture" }, icon("shirt"), h("span", {}, t("noPicture")));
}

/** @param {IntersectionObserverEntry[]} entries */
function seen(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    whenSeen.get(target)?.();
  }
}

function next() {
  while (running < AT_ONCE && waiting.length > 0) {
    const job = /** @type {() => Promise<void>} */ (waiting.shift());
    running += 1;
    job().finally(() => {
      running -= 1;
      next();
    });
  }
}
