// @ts-check
/** What is asked now, in one place. Whoever changes it says what is different; whoever shows it is told. */

/** @typedef {[number, number, number, number]} Box left, top, right, bottom in pixels of the upright photo */
/** @typedef {{kind: "photo", id: number, box: Box | null}} Photo id 0 is a photo that has to be given again */
/** @typedef {{kind: "item", key: string}} Stored an item of the gallery */
/** @typedef {Photo | Stored} Subject */
/** @typedef {{subject: Subject, by: string[], weight: number, away: boolean}} Further */
/**
 * @typedef {object} Question
 * @property {Subject | null} subject what answers shall be like; null for values alone
 * @property {Record<string, number> | null} by attribute -> weight, 0 to 1; null until the photo's values are known
 * @property {Record<string, string>} values attribute -> value that answers shall show
 * @property {Further[]} further photos and items beside the subject, to be like or to stay away from
 * @property {string} where a condition on metadata
 * @property {string} groupBy a field: one answer for each of its values
 * @property {boolean} leaveOut whether the items asked about are no answers
 * @property {string[]} exclude keys that are no answers
 */

/** @type {Readonly<Question>} */
export const NOTHING = Object.freeze({
  subject: null,
  by: {},
  values: {},
  further: [],
  where: "",
  groupBy: "",
  leaveOut: true,
  exclude: [],
});

/** @type {Question} */
let question = NOTHING;
/** @type {((now: Question, before: Question, push: boolean) => void)[]} */
const listeners = [];

/** Return what is asked now. */
export function asked() {
  return question;
}

/**
 * Change a part of the question.
 *
 * @param {Partial<Question>} part
 * @param {{push?: boolean}} [how] push: the browser's back button leads to what was asked before
 */
export function ask(part, { push = false } = {}) {
  const before = question;
  question = { ...question, ...part };
  for (const listener of listeners) listener(question, before, push);
}

/**
 * Begin anew with a photo, an item or nothing. Filters and groups stay.
 *
 * @param {Subject | null} subject
 * @param {Record<string, number> | null} [by] weights, if they are known already
 */
export function begin(subject, by = null) {
  ask({ subject, by: subject === null ? {} : by, values: {}, further: [], exclude: [] }, { push: true });
}

/**
 * Call a function at each change.
 *
 * @param {(now: Question, before: Question, push: boolean) => void} listener
 */
export function onChange(listener) {
  listeners.push(listener);
}

/**
 * Tell whether there is anything to search by.
 *
 * @param {Question} question
 */
export function isAsking(question) {
  return question.subject !== null || Object.keys(question.values).length > 0 || question.further.length > 0;
}

/**
 * Return the photos and items of a question.
 *
 * @param {Question} question
 * @returns {Subject[]}
 */
export function subjects(question) {
  return [...(question.subject ? [question.subject] : []), ...question.further.map((each) => each.subject)];
}
