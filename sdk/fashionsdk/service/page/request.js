// @ts-check
/** From a question to what the service is asked: examples with weights, as `POST /v1/search` takes them. */

import { photoFile } from "./album.js";
import { subjects } from "./state.js";

/** @typedef {import("./state.js").Question} Question */
/** @typedef {import("./state.js").Subject} Subject */
/** @typedef {{photo?: string, box?: number[], key?: string, value?: Record<string, string>, by: Record<string, number>}} Example */

export const PAGE = 24; // answers at once

/**
 * Return the fields and photos of a search.
 *
 * @param {Question} question
 * @param {number} offset
 * @returns {import("./api.js").Request}
 */
export function toRequest(question, offset) {
  /** @type {Map<string, Blob>} */
  const photos = new Map();
  const examples = examplesOf(question).map(({ subject, ...rest }) => ({ ...sent(subject, photos), ...rest }));
  const asksForItems = examples.some((example) => "key" in example);
  return {
    photos,
    fields: {
      examples,
      k: PAGE,
      offset,
      ...(question.where && { where: question.where }),
      ...(question.groupBy && { group_by: question.groupBy }),
      ...(question.leaveOut && asksForItems && { exclude_self: true }),
      ...(question.exclude.length > 0 && { exclude: question.exclude }),
    },
  };
}

/**
 * Return how much each attribute counts, over all examples. A score is the sum of these times the attribute's own.
 *
 * @param {Question} question
 * @returns {Record<string, number>}
 */
export function totals(question) {
  /** @type {Record<string, number>} */
  const sums = {};
  for (const { by } of examplesOf(question)) {
    for (const [name, weight] of Object.entries(by)) sums[name] = (sums[name] ?? 0) + Math.abs(weight);
  }
  return sums;
}

/**
 * Return how many photos a question needs that have to be given again.
 *
 * @param {Question} question
 */
export function missingPhotos(question) {
  return subjects(question).filter((each) => each.kind === "photo" && !photoFile(each.id)).length;
}

/**
 * Return the examples of a question that count.
 *
 * A value that is changed leaves the photo's out, and counts as much as all other attributes together: with less, items
 * that are like the photo in all but that value would come first.
 *
 * @param {Question} question
 * @returns {{subject: Subject | null, value?: Record<string, string>, by: Record<string, number>}[]}
 */
function examplesOf({ subject, by, values, further }) {
  const weights = Object.entries(by ?? {}).filter(([, weight]) => weight > 0);
  const changed = Object.keys(values);
  const kept = Object.fromEntries(subject ? weights.filter(([name]) => !changed.includes(name)) : []);
  const whole = Object.values(kept).reduce((sum, weight) => sum + weight, 0) || 1;
  const wanted = changed.map((name) => [name, subject ? whole : (by?.[name] ?? 1)]).filter(([, weight]) => weight);
  const chosen = Object.fromEntries(wanted.map(([name]) => [name, values[name]]));
  return [
    { subject, by: kept },
    { subject: null, value: chosen, by: Object.fromEntries(wanted) },
    ...further.map((each) => ({ subject: each.subject, by: signed(each) })),
  ].filter((example) => Object.keys(example.by).length > 0);
}

/**
 * @param {import("./state.js").Further} further
 * @returns {Record<string, number>}
 */
function signed({ by, weight, away }) {
  return weight ? Object.fromEntries(by.map((name) => [name, away ? -weight : weight])) : {};
}

/**
 * Return what an example says of its photo or item, and add the photo to those that are sent.
 *
 * @param {Subject | null} subject
 * @param {Map<string, Blob>} photos
 */
function sent(subject, photos) {
  if (subject === null) return {};
  if (subject.kind === "item") return { key: subject.key };
  const photo = `photo${photos.size}`;
  const file = photoFile(subject.id);
  if (file) photos.set(photo, file);
  return { photo, ...(subject.box && { box: subject.box }) };
}
