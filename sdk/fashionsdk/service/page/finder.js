// @ts-check
/** Asks the service what the reader asks, one question at a time, and keeps the answers. */

import * as api from "./api.js";
import { PAGE, missingPhotos, toRequest, totals } from "./request.js";
import { asked, isAsking } from "./state.js";

const PATIENCE = 150; // milliseconds without another change, before a question is sent

/** @typedef {{key: string, metadata: Record<string, any>, picture: boolean, score?: number,
 *   scores?: Record<string, number | null>}} Answer */
/**
 * @typedef {object} Found
 * @property {"loading" | "ready" | "failed" | "off" | "photo" | "none"} status off: nothing counts; photo: one is missing;
 *   none: what is asked about could not be read
 * @property {boolean} browsing whether these are items of the gallery, not answers
 * @property {Answer[]} answers
 * @property {number | null} next the offset of more
 * @property {number | null} count of all items, where they are browsed
 * @property {any} problem
 */

/** @type {Found} */
const NOTHING = { status: "loading", browsing: true, answers: [], next: null, count: null, problem: null };

/** @type {Found} */
let current = NOTHING;
let timer = 0;
let stop = new AbortController();
/** @type {((found: Found, more: boolean) => void)[]} */
const listeners = [];

/** Return what was found last. */
export function found() {
  return current;
}

/**
 * Call a function when something is found.
 *
 * @param {(found: Found, more: boolean) => void} listener more: whether answers were added to those before
 */
export function onFound(listener) {
  listeners.push(listener);
}

/** Ask what the reader asks now, as soon as nothing changes for a moment. */
export function findSoon() {
  clearTimeout(timer);
  stop.abort();
  timer = window.setTimeout(find, PATIENCE);
}

/** Ask at once. */
export function find() {
  return run(0, []);
}

/** Forget the answers: what is asked about cannot be read. */
export function forget() {
  clearTimeout(timer);
  stop.abort();
  tell({ ...NOTHING, status: "none", browsing: false });
}

/** Ask for more of the same. */
export function findMore() {
  return current.next === null ? Promise.resolve() : run(current.next, current.answers);
}

/**
 * @param {number} offset
 * @param {Answer[]} before
 */
async function run(offset, before) {
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  const browsing = !isAsking(asked());
  const status = waitsFor();
  if (status !== "loading") return tell({ ...NOTHING, status, browsing });
  if (offset === 0) tell({ ...NOTHING, status, browsing, answers: current.answers });
  if (asked().by === null) return; // the weights follow, once the photo is read
  try {
    const page = browsing ? await browsed(offset, signal) : await searched(offset, signal);
    if (signal.aborted) return; // something else is asked by now
    tell({ ...NOTHING, ...page, status: "ready", browsing, answers: [...before, ...page.answers] }, before.length > 0);
  } catch (problem) {
    if (!signal.aborted) tell({ ...NOTHING, status: "failed", browsing, problem });
  }
}

/** @returns {Found["status"]} */
function waitsFor() {
  const question = asked();
  if (!isAsking(question)) return "loading";
  if (missingPhotos(question) > 0) return "photo";
  if (question.by === null) return "loading";
  return Object.keys(totals(question)).length === 0 ? "off" : "loading";
}

/**
 * @param {number} offset
 * @param {AbortSignal} signal
 */
async function browsed(offset, signal) {
  const { items, count, next_offset: next } = await api.items({ offset, limit: PAGE, where: asked().where, signal });
  return { answers: items, count, next };
}

/**
 * @param {number} offset
 * @param {AbortSignal} signal
 */
async function searched(offset, signal) {
  const { matches, next_offset: next } = await api.search({ ...toRequest(asked(), offset), signal });
  return { answers: matches, next };
}

/**
 * @param {Found} next
 * @param {boolean} [more]
 */
function tell(next, more = false) {
  current = next;
  for (const listener of listeners) listener(next, more);
}
