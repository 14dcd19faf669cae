// @ts-check
/** The labels that are being checked: which are shown, what is chosen for each, and what was decided. */

import { Problem } from "./api.js";
import { labelQuestions, labelState, writeDecisions } from "./label_api.js";

/** @typedef {import("./label_api.js").Question} Question */
/** @typedef {import("./label_api.js").Kind} Kind */
/** @typedef {import("./label_api.js").Decision} Decision */

export const sheet = {
  /** @type {import("./label_api.js").LabelState} */
  state: { attributes: [], progress: [], writable: false },
  tag: "",
  /** @type {Kind} */
  kind: "suspect",
  attribute: "",
  /** @type {Question[]} */
  questions: [],
  more: false,
  current: 0,
  /** @type {Set<number>} */
  selected: new Set(),
  /** @type {Map<number, string>} what is chosen for a question, "" for no label */
  choices: new Map(),
  /** @type {Decision[][]} what to write to take the last decisions back, the last one last */
  undos: [],
};

/** Ask for the state and the first labels of a kind and an attribute. */
export async function openSheet() {
  const { state, tag } = await labelState();
  Object.assign(sheet, { state, tag });
  await showFirst();
}

/** Show the first labels that are not decided. */
export async function showFirst() {
  sheet.questions = [];
  sheet.current = 0;
  sheet.selected.clear();
  sheet.choices.clear();
  await showMore();
}

/** Add labels to those that are shown. */
export async function showMore() {
  const { kind, attribute } = sheet;
  const offset = sheet.questions.filter(({ decided }) => decided === null).length;
  const page = await labelQuestions({ kind, attribute, offset });
  if (kind !== sheet.kind || attribute !== sheet.attribute) return; // something else was asked for in the meantime
  const shown = new Set(sheet.questions.map(({ question }) => question));
  sheet.questions.push(...page.questions.filter(({ question }) => !shown.has(question)));
  sheet.more = page.next_offset !== null;
}

/**
 * Return the values that a label may have, the likely ones first.
 *
 * @param {Question} question
 * @returns {string[]}
 */
export function valuesOf(question) {
  const all = sheet.state.attributes.find(({ name }) => name === question.attribute)?.values ?? [];
  return [...new Set([question.suggestion, question.label, ...all])].filter((value) => all.includes(value));
}

/**
 * Return what is chosen for a label: at first what is suggested. "" is no label, null nothing.
 *
 * @param {Question} question
 * @returns {string | null}
 */
export function choiceOf(question) {
  const chosen = sheet.choices.get(question.question) ?? question.decided;
  if (chosen !== null) return chosen;
  if (valuesOf(question).includes(question.suggestion)) return question.suggestion;
  return question.suggestion === "" && question.probability !== null ? "" : null;
}

/** Return the labels that a key or a button is about: the selected ones, or the current one. */
export function targets() {
  const selected = sheet.questions.filter(({ question }) => sheet.selected.has(question));
  return selected.length ? selected : sheet.questions.slice(sheet.current, sheet.current + 1);
}

/**
 * Choose a value for the current label, and for the selected ones of the same attribute.
 *
 * @param {string} value
 */
export function choose(value) {
  const current = sheet.questions[sheet.current];
  for (const { question, attribute } of targets()) {
    if (attribute === current.attribute) sheet.choices.set(question, value);
  }
}

/**
 * Write what is chosen for the selected labels, or the current one.
 *
 * @returns {Promise<{written: number, others: number}>} how many were written, and how many somebody else had decided
 */
export async function confirm() {
  const chosen = targets().flatMap((each) => {
    const correct = choiceOf(each);
    return correct === null ? [] : [{ question: each.question, correct }];
  });
  if (chosen.length === 0) return { written: 0, others: 0 };
  const before = chosen.map(({ question }) => ({ question, correct: shown(question)?.decided ?? null }));
  const others = await write(chosen);
  if (others === 0) {
    sheet.undos.push(before);
    sheet.selected.clear();
  }
  return { written: others === 0 ? chosen.length : 0, others };
}

/** Take the last decisions back; say whether there were some. */
export async function undo() {
  const before = sheet.undos.pop();
  if (before === undefined) return false;
  await write(before);
  const place = sheet.questions.findIndex(({ question }) => question === before[0].question);
  if (place >= 0) sheet.current = place;
  return true;
}

/**
 * Write decisions. Those of others about other labels do not stand in the way; about the same labels they are shown.
 *
 * @param {Decision[]} decisions
 * @returns {Promise<number>} how many of them somebody else has decided; with some, nothing is written
 */
async function write(decisions) {
  for (;;) {
    try {
      const { state, tag } = await writeDecisions(sheet.tag, decisions);
      Object.assign(sheet, { state, tag });
      takeOver(decisions);
      return 0;
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.kind !== "changed") throw problem;
      sheet.tag = problem.tag;
      const others = problem.said.decisions.filter((/** @type {Decision} */ { question, correct }) => (shown(question)?.decided ?? null) !== correct);
      takeOver(others);
      if (others.length) return others.length;
    }
  }
}

/** @param {Decision[]} decisions */
function takeOver(decisions) {
  for (const { question, correct } of decisions) {
    const each = shown(question);
    if (each) each.decided = correct;
    sheet.choices.delete(question);
  }
}

/** @param {number} number */
function shown(number) {
  return sheet.questions.find(({ question }) => question === number);
}
