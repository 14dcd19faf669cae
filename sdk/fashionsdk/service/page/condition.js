// @ts-check
/** Conditions as text, such as `price <= 50 and brand = "Zara"`: written from rows, and read back where that is all. */

/** @typedef {import("./fields.js").Kind} Kind */
/** @typedef {"=" | "!=" | "<" | "<=" | ">" | ">=" | "contains" | "exists" | "not exists"} Operator */
/** @typedef {{field: string, operator: Operator, value: string | number | boolean | null}} Row */

const KEYWORDS = ["and", "or", "not", "in", "between", "contains", "exists", "true", "false"];
const NAME = String.raw`(?<name>[\p{L}_][\p{L}\p{N}_]*|\x60(?:[^\x60\\]|\\.)+\x60)`;
const VALUE = String.raw`(?<value>"(?:[^"\\]|\\.)*"|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false)`;
const ROW = new RegExp(
  String.raw`^\s*${NAME}\s*(?:(?<sign><=|>=|!=|<|>|=|contains\s)\s*${VALUE}|(?<exists>(?:not )?exists))\s*(?:and\s|$)`,
  "u",
);

/**
 * Return the operators that a kind of field can be tested with.
 *
 * @param {Kind} kind
 * @returns {Operator[]}
 */
export function operators(kind) {
  if (kind === "number") return ["<=", ">=", "=", "!=", "<", ">", "exists", "not exists"];
  if (kind === "list") return ["contains", "exists", "not exists"];
  return ["=", "!=", "exists", "not exists"];
}

/**
 * Return rows as text: all of them shall hold.
 *
 * @param {Row[]} rows
 */
export function toText(rows) {
  return rows.map(rowText).join(" and ");
}

/**
 * Return the rows that a text is made of, or null if it says more than rows can.
 *
 * @param {string} text
 * @returns {Row[] | null}
 */
export function toRows(text) {
  const rows = [];
  let rest = text;
  while (rest.trim()) {
    const match = ROW.exec(rest);
    if (!match?.groups || KEYWORDS.includes(match.groups.name.toLowerCase())) return null;
    const row = rowOf(match.groups);
    if (row === null) return null;
    rows.push(row);
    rest = rest.slice(match[0].length);
    if (!rest && /and\s$/u.test(match[0])) return null;
  }
  return rows;
}

/**
 * Return where a text is wrong, as the service's words say it, or null if they do not.
 *
 * @param {string} detail
 * @returns {number | null} a place in the text's code points, from 0
 */
export function placeOfError(detail) {
  const found = /^the condition .* at character (\d+); expected/su.exec(detail);
  return found ? Number(found[1]) - 1 : null;
}

/** @param {Row} row */
function rowText({ field, operator, value }) {
  const plain = /^[\p{L}_][\p{L}\p{N}_]*$/u.test(field) && !KEYWORDS.includes(field.toLowerCase());
  const name = plain ? field : `\`${JSON.stringify(field).slice(1, -1).replaceAll("`", "\\u0060")}\``;
  return operator.endsWith("exists") ? `${name} ${operator}` : `${name} ${operator} ${JSON.stringify(value)}`;
}

/**
 * @param {Record<string, string>} groups
 * @returns {Row | null}
 */
function rowOf({ name, sign, value, exists }) {
  try {
    const field = name.startsWith("`") ? JSON.parse(`"${name.slice(1, -1).replaceAll('"', '\\"')}"`) : name;
    const operator = /** @type {Operator} */ (exists ?? sign.trim());
    return { field, operator, value: exists ? null : JSON.parse(value.replace(/^\+/, "")) };
  } catch {
    return null; // an escape that only the service reads
  }
}
