// @ts-check
/** A question as the fragment of an address, so that it can be sent to somebody. Photos are not part of it. */

import { NOTHING } from "./state.js";

/** @typedef {import("./state.js").Question} Question */
/** @typedef {import("./state.js").Subject} Subject */
/** @typedef {import("./state.js").Further} Further */

/**
 * Return a question as text, such as `key=images%2F1.jpg&by.neckline=0.7&value.colour=red`.
 *
 * @param {Question} question
 */
export function toAddress(question) {
  const pairs = new URLSearchParams();
  if (question.subject) putSubject(pairs, "", question.subject);
  for (const [name, weight] of Object.entries(question.by ?? {})) pairs.append(`by.${name}`, String(weight));
  for (const [name, value] of Object.entries(question.values)) pairs.append(`value.${name}`, value);
  question.further.forEach((each, place) => putFurther(pairs, `also.${place}.`, each));
  if (question.where) pairs.append("where", question.where);
  if (question.groupBy) pairs.append("group_by", question.groupBy);
  if (!question.leaveOut) pairs.append("exclude_self", "0");
  for (const key of question.exclude) pairs.append("exclude", key);
  return pairs.toString();
}

/**
 * Return the question of an address. What it says is not believed: what is no number is left out.
 *
 * @param {string} fragment with or without its `#`
 * @returns {Question}
 */
export function fromAddress(fragment) {
  const pairs = new URLSearchParams(fragment.replace(/^#/, ""));
  const subject = subjectOf(pairs, "");
  const by = Object.fromEntries(named(pairs, "by.").flatMap(([name, text]) => weightPair(name, text)));
  return {
    ...NOTHING,
    subject,
    by: subject && !Object.keys(by).length ? null : by,
    values: Object.fromEntries(named(pairs, "value.")),
    further: furtherOf(pairs),
    where: pairs.get("where") ?? "",
    groupBy: pairs.get("group_by") ?? "",
    leaveOut: pairs.get("exclude_self") !== "0",
    exclude: pairs.getAll("exclude"),
  };
}

/**
 * @param {URLSearchParams} pairs
 * @param {string} prefix
 * @param {Subject} subject
 */
function putSubject(pairs, prefix, subject) {
  if (subject.kind === "item") pairs.append(`${prefix}key`, subject.key);
  else pairs.append(`${prefix}photo`, subject.box === null ? "whole" : subject.box.join(","));
}

/**
 * @param {URLSearchParams} pairs
 * @param {string} prefix
 * @param {Further} further
 */
function putFurther(pairs, prefix, { subject, by, weight, away }) {
  putSubject(pairs, prefix, subject);
  for (const name of by) pairs.append(`${prefix}by`, name);
  pairs.append(`${prefix}weight`, String(away ? -weight : weight));
}

/**
 * @param {URLSearchParams} pairs
 * @param {string} prefix
 * @returns {Subject | null}
 */
function subjectOf(pairs, prefix) {
  const key = pairs.get(`${prefix}key`);
  if (key) return { kind: "item", key };
  const photo = pairs.get(`${prefix}photo`);
  return photo === null ? null : { kind: "photo", id: 0, box: boxOf(photo) };
}

/**
 * @param {string} text
 * @returns {import("./state.js").Box | null}
 */
function boxOf(text) {
  const edges = text.split(",").map(Number);
  if (edges.length !== 4 || !edges.every((edge) => Number.isFinite(edge) && edge >= 0)) return null;
  return /** @type {import("./state.js").Box} */ (edges);
}

/**
 * @param {URLSearchParams} pairs
 * @returns {Further[]}
 */
function furtherOf(pairs) {
  const found = [];
  for (let place = 0; ; place += 1) {
    const prefix = `also.${place}.`;
    const subject = subjectOf(pairs, prefix);
    if (subject === null) return found;
    const weight = Number(pairs.get(`${prefix}weight`) ?? 1);
    const size = Math.min(Math.abs(weight) || 1, 1);
    found.push({ subject, by: pairs.getAll(`${prefix}by`), weight: size, away: weight < 0 });
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @returns {[string, number][]}
 */
function weightPair(name, text) {
  const weight = Number(text);
  return weight >= 0 && weight <= 1 ? [[name, weight]] : [];
}

/**
 * @param {URLSearchParams} pairs
 * @param {string} prefix
 * @returns {[string, string][]}
 */
function named(pairs, prefix) {
  return [...pairs].flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : []));
}
