// @ts-check
/** The fields of metadata that were seen so far, with their kinds and some of their values. */

const MOST_VALUES = 60; // of a field, to suggest

/** @typedef {"text" | "number" | "truth" | "list"} Kind */
/** @typedef {{kind: Kind, values: Set<string>}} Field */

/** @type {Map<string, Field>} */
const fields = new Map();
/** @type {(() => void)[]} */
const listeners = [];

/** Return the fields by name, in the order of their names. */
export function seenFields() {
  return new Map([...fields].sort(([one], [other]) => one.localeCompare(other)));
}

/**
 * Call a function when a field is seen for the first time.
 *
 * @param {() => void} listener
 */
export function onField(listener) {
  listeners.push(listener);
}

/**
 * Look at the metadata of items.
 *
 * @param {{metadata: Record<string, any>}[]} items
 */
export function lookAt(items) {
  const before = fields.size;
  for (const { metadata } of items) {
    for (const [name, value] of Object.entries(metadata)) see(name, value);
  }
  if (fields.size > before) for (const listener of listeners) listener();
}

/**
 * Return a value as people read it.
 *
 * @param {any} value
 */
export function shownValue(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * @param {string} name
 * @param {any} value
 */
function see(name, value) {
  const kind = kindOf(value);
  if (kind === null) return;
  const field = fields.get(name) ?? { kind, values: new Set() };
  fields.set(name, field);
  for (const each of Array.isArray(value) ? value : [value]) {
    if (field.values.size < MOST_VALUES) field.values.add(shownValue(each));
  }
}

/**
 * Return what kind of value conditions take this for, or null for what they cannot test.
 *
 * @param {any} value
 * @returns {Kind | null}
 */
function kindOf(value) {
  if (Array.isArray(value)) return "list";
  const kinds = { string: "text", number: "number", boolean: "truth" };
  return /** @type {Kind | undefined} */ (kinds[/** @type {keyof typeof kinds} */ (typeof value)]) ?? null;
}
