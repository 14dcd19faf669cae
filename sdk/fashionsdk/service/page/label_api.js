// @ts-check
/** Calls the service about labels. Each state has a tag; who decides says by which. */

import { call } from "./api.js";

/** @typedef {"suspect" | "unlabelled"} Kind */
/** @typedef {{name: string, values: string[]}} LabelValues */
/** @typedef {{kind: Kind, count: number, decided: number}} Progress */
/** @typedef {{attributes: LabelValues[], progress: Progress[], writable: boolean}} LabelState */
/**
 * @typedef {object} Question
 * @property {number} question
 * @property {number} photo
 * @property {string} name
 * @property {string} attribute
 * @property {string} label
 * @property {string} suggestion
 * @property {number | null} probability
 * @property {number | null} doubt
 * @property {string | null} decided
 */
/** @typedef {{count: number, questions: Question[], next_offset: number | null}} LabelPage */
/** @typedef {{question: number, correct: string | null}} Decision */

const LIMIT = 24;

/** @returns {Promise<{state: LabelState, tag: string}>} */
export async function labelState() {
  return stateOf(await call("/v1/labels"));
}

/**
 * @param {{kind: Kind, attribute: string, offset: number}} asked an empty attribute is all of them
 * @returns {Promise<LabelPage>}
 */
export async function labelQuestions({ kind, attribute, offset }) {
  const query = new URLSearchParams({ kind, offset: String(offset), limit: String(LIMIT), ...(attribute && { attribute }) });
  return (await call(`/v1/labels/questions?${query}`)).json();
}

/**
 * @param {number} photo
 * @param {number} side
 * @returns {Promise<Blob>}
 */
export async function labelPhoto(photo, side) {
  return (await call(`/v1/labels/photos/${photo}?side=${side}`)).blob();
}

/**
 * Write decisions, all or none.
 *
 * @param {string} tag
 * @param {Decision[]} decisions
 * @returns {Promise<{state: LabelState, tag: string}>}
 */
export async function writeDecisions(tag, decisions) {
  const headers = { "Content-Type": "application/json", "If-Match": tag };
  return stateOf(await call("/v1/labels/decisions", { method: "POST", headers, body: JSON.stringify({ decisions }) }));
}

/** @param {Response} response */
async function stateOf(response) {
  return { state: await response.json(), tag: response.headers.get("etag") ?? "" };
}
