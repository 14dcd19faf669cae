// @ts-check
/** A row for each attribute: what the photo shows, how much it counts, and which value is wanted instead. */

import { fill, find, h, set } from "./dom.js";
import { icon } from "./icons.js";
import { hasPicture, look, lookedAt } from "./photo.js";
import { isAbsent, read, reading } from "./reading.js";
import { problemBox } from "./status.js";
import { ask, asked } from "./state.js";
import { percent, readable, t } from "./words.js";

/** @typedef {import("./api.js").Attribute} Attribute */
/** @typedef {{name: string, update: () => void}} RowView */

/** @type {RowView[]} */
let rows = [];
let tellsValues = false;

/**
 * Make the rows.
 *
 * @param {import("./api.js").Model} model
 */
export function makeRows(model) {
  const made = model.attributes.map((attribute) => makeRow(attribute, model.attention));
  rows = made;
  tellsValues = model.attributes.some(({ predicted }) => predicted);
  fill(find("attributes"), ...made.map((row) => row.element));
  updateRows();
}

/** Show what is asked and read now. The elements stay, so that sliders and focus do. */
export function updateRows() {
  for (const row of rows) row.update();
  find("attributes").setAttribute("aria-busy", String(reading().status === "loading"));
  find("attributes-hint").textContent = asked().subject ? t("weighHint") : tellsValues ? t("valuesHint") : "";
}

/** Say why the photo could not be read, if it could not. */
export function drawReadingProblem() {
  const { status, problem } = reading();
  const again = h("button", { type: "button", class: "button", on: { click: () => read(asked().subject) } }, t("again"));
  fill(find("reading-problem"), status === "failed" && problemBox(problem, problem.kind !== "photo" && again));
}

/**
 * @param {Attribute} attribute
 * @param {boolean} attention whether the model tells where it looks
 */
function makeRow({ name, values, predicted }, attention) {
  const shown = h("span", { class: "shown" });
  const remark = h("p", { class: "remark" });
  const eye = attention ? eyeButton(name) : null;
  const slider = sliderFor(name);
  const chips = predicted ? chipsFor(name, values) : null;
  const head = h("div", { class: "attribute-head" }, h("h3", {}, readable(name)), shown, eye?.element);
  const element = h("li", { class: "attribute" }, head, slider.element, remark, chips?.element);
  const update = () => {
    showValue(shown, name);
    remark.textContent = remarkOn(name);
    element.classList.toggle("off", !counts(name));
    for (const part of [eye, slider, chips]) part?.update();
  };
  return { name, element, update };
}

/**
 * Write what the photo shows of an attribute.
 *
 * @param {HTMLElement} shown
 * @param {string} name
 */
function showValue(shown, name) {
  const prediction = reading().predictions[name];
  const wanted = asked().values[name];
  if (wanted !== undefined) fill(shown, h("strong", {}, readable(wanted)), " ", h("small", {}, t("wanted")));
  else if (isAbsent(name)) fill(shown, h("em", {}, t("absent")));
  else if (!prediction) fill(shown);
  else if (prediction.value === null) fill(shown, h("em", {}, t("unknown")));
  else fill(shown, readable(prediction.value), " ", h("small", {}, percent(prediction.probability)));
}

/** @param {string} name */
function remarkOn(name) {
  const { subject, values } = asked();
  if (subject && values[name] !== undefined) return t("changedCounts");
  return subject && isAbsent(name) && counts(name) ? t("absentCounts") : "";
}

/** @param {string} name */
function counts(name) {
  const { by, values, subject } = asked();
  if (values[name] !== undefined) return subject !== null || by?.[name] !== 0;
  return subject !== null && (by?.[name] ?? 0) > 0;
}

/** @param {string} name */
function eyeButton(name) {
  const click = () => look(lookedAt() === name ? "" : name);
  const element = h("button", { type: "button", class: "icon-button eye", on: { click } }, icon("eye"));
  const update = () => {
    const label = t("lookFor", readable(name));
    set(element, "aria-label", label);
    set(element, "title", label);
    set(element, "aria-pressed", String(lookedAt() === name));
    element.hidden = !hasPicture();
  };
  return { element, update };
}

/** @param {string} name */
function sliderFor(name) {
  const output = h("output", {});
  const show = () => {
    output.textContent = input.value === "0" ? t("off") : percent(Number(input.value) / 100);
  };
  const weigh = () => ask({ by: { ...asked().by, [name]: Number(input.value) / 100 } });
  const input = h("input", { type: "range", min: 0, max: 100, step: 5, on: { input: show, change: weigh } });
  const element = h("div", { class: "weight" }, input, output);
  const update = () => {
    const { by, values, subject } = asked();
    set(input, "aria-label", t("weightOf", readable(name)));
    input.value = String(Math.round(100 * (by?.[name] ?? (subject ? 0 : 1))));
    element.hidden = subject ? values[name] !== undefined : values[name] === undefined;
    show();
  };
  return { element, update };
}

/**
 * @param {string} name
 * @param {string[]} values
 */
function chipsFor(name, values) {
  const summary = h("summary", {});
  const chips = values.map((value) => chipFor(name, value));
  const group = h("div", { class: "chips", role: "group" }, ...chips.map((chip) => chip.element));
  const element = h("details", { class: "values" }, summary, group);
  const update = () => {
    summary.textContent = t(asked().subject ? "changeValue" : "askValue");
    set(summary, "aria-label", `${readable(name)}: ${summary.textContent}`);
    set(group, "aria-label", readable(name));
    for (const chip of chips) chip.update();
  };
  return { element, update };
}

/**
 * @param {string} name
 * @param {string} value
 */
function chipFor(name, value) {
  const share = h("small", {});
  const element = h("button", { type: "button", class: "chip", on: { click: () => toggle(name, value) } }, readable(value), share);
  const update = () => {
    const probability = isAbsent(name) ? undefined : reading().predictions[name]?.probabilities[value];
    share.textContent = probability === undefined ? "" : percent(probability);
    element.style.setProperty("--share", `${100 * (probability ?? 0)}%`);
    set(element, "aria-pressed", String(asked().values[name] === value));
  };
  return { element, update };
}

/**
 * Ask for a value, or no more.
 *
 * @param {string} name
 * @param {string} value
 */
function toggle(name, value) {
  const { [name]: before, ...others } = asked().values;
  ask({ values: before === value ? others : { ...others, [name]: value } });
}
