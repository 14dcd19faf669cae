// @ts-check
/** What the model reads from the photo or item that is asked about: its values, and which attributes apply. */

import * as api from "./api.js";
import { photoFile } from "./album.js";
import { ask, asked } from "./state.js";

/** @typedef {import("./state.js").Subject} Subject */
/**
 * @typedef {object} Reading
 * @property {"none" | "loading" | "ready" | "failed"} status
 * @property {Record<string, api.Prediction>} predictions
 * @property {api.Item | null} item the stored item, if one is asked about
 * @property {any} problem why it failed
 */

/** @type {Reading} */
const NOTHING = { status: "none", predictions: {}, item: null, problem: null };

/** @type {Reading} */
let current = NOTHING;
/** @type {api.Attribute[]} */
let attributes = [];
let own = ""; // the weights that were set here, as JSON: others are the reader's own and stay
/** @type {(() => void)[]} */
const listeners = [];

/** Return what is read now. */
export function reading() {
  return current;
}

/**
 * Say which attributes there are.
 *
 * @param {api.Attribute[]} known
 */
export function readFor(known) {
  attributes = known;
}

/**
 * Call a function when something else is read.
 *
 * @param {() => void} listener
 */
export function onReading(listener) {
  listeners.push(listener);
}

/**
 * Tell whether an attribute does not apply to what is asked about.
 *
 * @param {string} name
 */
export function isAbsent(name) {
  return current.predictions[name]?.absent || current.item?.lacks.includes(name) || false;
}

/**
 * Read a photo or item, then weigh the attributes that apply, unless the reader has weighed them.
 *
 * @param {Subject | null} subject
 */
export async function read(subject) {
  tell(subject === null ? NOTHING : { ...NOTHING, status: "loading" });
  if (subject === null) return;
  try {
    const found = await readingOf(subject);
    if (asked().subject !== subject) return; // the reader has gone on
    tell(found);
    weigh();
  } catch (problem) {
    if (asked().subject === subject) tell({ ...NOTHING, status: "failed", problem });
  }
}

/**
 * @param {Subject} subject
 * @returns {Promise<Reading>}
 */
async function readingOf(subject) {
  const tellsValues = attributes.some((each) => each.predicted);
  if (subject.kind === "item") {
    const [item, predictions] = await Promise.all([
      api.item(subject.key),
      tellsValues ? api.predictItem(subject.key) : {},
    ]);
    return { ...NOTHING, status: "ready", item, predictions };
  }
  const file = photoFile(subject.id);
  if (file === null) return NOTHING;
  return { ...NOTHING, status: "ready", predictions: tellsValues ? await api.predictPhoto(file, subject.box) : {} };
}

function weigh() {
  const { by } = asked();
  if (by !== null && JSON.stringify(by) !== own) return;
  const weights = Object.fromEntries(attributes.map(({ name }) => [name, isAbsent(name) ? 0 : 1]));
  own = JSON.stringify(weights);
  if (JSON.stringify(by) !== own) ask({ by: weights });
}

/** @param {Reading} next */
function tell(next) {
  current = next;
  for (const listener of listeners) listener();
}
