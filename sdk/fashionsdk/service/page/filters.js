// @ts-check
/** Which items may be answers: conditions on their metadata, from rows or as text, groups, and items left out. */

import * as api from "./api.js";
import { operators, placeOfError, toRows, toText } from "./condition.js";
import { fill, find, h } from "./dom.js";
import { onField, seenFields } from "./fields.js";
import { icon } from "./icons.js";
import { ask, asked, subjects } from "./state.js";
import { explained } from "./status.js";
import { readable, t } from "./words.js";

/** @typedef {import("./condition.js").Row} Row */
/** @typedef {import("./condition.js").Operator} Operator */

/** Listen to the filters. */
export function takeFilters() {
  find("new-condition").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    add();
  });
  find("condition-field").addEventListener("change", () => drawOperators(""));
  find("condition-operator").addEventListener("change", drawValue);
  find("where").addEventListener("change", () => take(find("where").value.trim()));
  find("group-by").addEventListener("change", () => ask({ groupBy: find("group-by").value }));
  find("leave-out").addEventListener("change", () => ask({ leaveOut: find("leave-out").checked }));
  onField(() => drawFields(asked().groupBy));
}

/** Draw them as they are asked now. */
export function drawFilters() {
  const { where, groupBy, leaveOut, exclude } = asked();
  find("where").value = where;
  find("leave-out").checked = leaveOut;
  find("leave-out-line").hidden = !subjects(asked()).some((each) => each.kind === "item");
  drawFields(groupBy);
  const rows = toRows(where);
  find("by-hand").hidden = rows !== null;
  fill(find("conditions"), ...(rows ?? []).map((row, place) => conditionChip(row, place, rows ?? [])), ...exclude.map(excludedChip));
  find("filter-count").textContent = String((rows?.length ?? 1) + exclude.length || "");
  showProblem(null);
}

/**
 * Show what is wrong with the text, where it is wrong.
 *
 * @param {any} problem null for nothing
 */
export function showProblem(problem) {
  const box = find("where-problem");
  find("where").setAttribute("aria-invalid", String(problem !== null));
  if (problem === null) return fill(box);
  const place = placeOfError(problem.detail);
  find("filters").open = true;
  fill(box, h("p", {}, isOfFilter(problem) ? t("filterWrong") : explained(problem).title), place === null ? null : marked(find("where").value.trim(), place), h("p", { lang: "en" }, problem.detail));
}

/**
 * Tell whether a problem is one of the filter's text.
 *
 * @param {any} problem
 */
export function isOfFilter(problem) {
  return problem?.kind === "invalid" && /^the condition /u.test(problem.detail);
}

/**
 * Return a text with a mark from one place on.
 *
 * @param {string} text
 * @param {number} place in code points, as the service counts
 */
function marked(text, place) {
  const letters = Array.from(text);
  const wrong = letters.slice(place).join("") || " ";
  return h("pre", {}, letters.slice(0, place).join(""), h("mark", {}, wrong));
}

/**
 * Ask with another condition, once the service can read it.
 *
 * @param {string} where
 */
async function take(where) {
  try {
    if (where) await api.items({ limit: 1, where });
    ask({ where });
  } catch (problem) {
    showProblem(problem);
  }
}

function add() {
  const field = find("condition-field").value;
  const operator = /** @type {Operator} */ (find("condition-operator").value);
  const value = valueOf(field, operator);
  if (!field || value === undefined) return find("condition-value").focus();
  const { where } = asked();
  const rows = toRows(where);
  const row = { field, operator, value };
  find("condition-value").value = "";
  return take(rows ? toText([...rows, row]) : `(${where}) and ${toText([row])}`);
}

/**
 * Return the value that was typed, as its field's kind, or undefined if it is none.
 *
 * @param {string} field
 * @param {Operator} operator
 * @returns {Row["value"] | undefined}
 */
function valueOf(field, operator) {
  if (operator.endsWith("exists")) return null;
  const typed = find("condition-value").value.trim();
  const kind = seenFields().get(field)?.kind;
  if (kind === "number") return typed && Number.isFinite(Number(typed)) ? Number(typed) : undefined;
  if (kind === "truth") return typed === "true" || typed === "false" ? typed === "true" : undefined;
  return typed || undefined;
}

/** @param {string} groupBy */
function drawFields(groupBy) {
  const names = [...seenFields().keys()];
  find("no-fields").hidden = names.length > 0;
  find("new-condition").hidden = names.length === 0;
  const grouped = groupBy && !names.includes(groupBy) ? [...names, groupBy] : names;
  options(find("group-by"), ["", ...grouped], (name) => (name ? readable(name) : t("noGroups")), groupBy);
  find("group-line").hidden = grouped.length === 0;
  options(find("condition-field"), names, readable);
  drawOperators();
}

/** @param {string} [chosen] operator; without it, the one that is chosen stays */
function drawOperators(chosen) {
  const kind = seenFields().get(find("condition-field").value)?.kind ?? "text";
  options(find("condition-operator"), operators(kind), (name) => t(/** @type {any} */ (`operator ${name}`)), chosen);
  drawValue();
}

function drawValue() {
  const field = seenFields().get(find("condition-field").value);
  const input = find("condition-value");
  input.hidden = find("condition-operator").value.endsWith("exists");
  input.inputMode = field?.kind === "number" ? "decimal" : "text";
  fill(find("condition-values"), ...[...(field?.values ?? [])].sort().map((value) => h("option", { value })));
}

/**
 * Fill a select, and keep what is chosen.
 *
 * @param {HTMLSelectElement} select
 * @param {string[]} values
 * @param {(value: string) => string} shown
 * @param {string} [chosen]
 */
function options(select, values, shown, chosen = select.value) {
  select.replaceChildren(...values.map((value) => h("option", { value, selected: value === chosen }, shown(value))));
}

/**
 * @param {Row} row
 * @param {number} place
 * @param {Row[]} rows
 */
function conditionChip({ field, operator, value }, place, rows) {
  const said = `${readable(field)} ${t(/** @type {any} */ (`operator ${operator}`))}${value === null ? "" : ` ${value}`}`;
  return chip(said, () => ask({ where: toText(rows.filter((_, other) => other !== place)) }));
}

/** @param {string} key */
function excludedChip(key) {
  return chip(t("without", key), () => ask({ exclude: asked().exclude.filter((each) => each !== key) }));
}

/**
 * @param {string} text
 * @param {() => void} click
 */
function chip(text, click) {
  return h("li", {}, h("button", { type: "button", class: "chip chosen", "aria-label": t("removeFilter", text), on: { click } }, text, icon("close")));
}
