// @ts-check
/** Calls the service: one function for each route that the page uses. */

/** @typedef {import("./state.js").Box} Box */
/** @typedef {{name: string, values: string[], predicted: boolean}} Attribute */
/** @typedef {{model: string, attention: boolean, attributes: Attribute[], labels: boolean}} Model */
/** @typedef {{value: string | null, probability: number, probabilities: Record<string, number>, absent: boolean}} Prediction */
/** @typedef {{key: string, metadata: Record<string, any>, lacks: string[], picture: boolean}} Item */
/**
 * @typedef {object} Match
 * @property {string} key
 * @property {number} score
 * @property {Record<string, number | null>} scores
 * @property {Record<string, any>} metadata
 * @property {boolean} picture
 */
/** @typedef {{fields: object, photos: Map<string, Blob>}} Request */

const KEY = "fashionsdk.key";
const TRIES = 5; // of a request that the service is too busy for
const UNKNOWN_BELOW = 0.5; // a value less probable than this is called unknown

/** What the page does when a key is needed, and while it waits for a busy service. `main.js` sets both. */
export const hooks = {
  /** @type {(problem: Problem) => Promise<string>} */
  askKey: (problem) => Promise.reject(problem),
  /** @type {(seconds: number) => void} */
  waiting: () => {},
};

/** A request that was not answered. Its kind is the service's own, or "gone" where nothing answered. */
export class Problem extends Error {
  /**
   * @param {string} kind
   * @param {string} detail the service's own words, in English
   * @param {{field: string, message: string}[]} [fields]
   */
  constructor(kind, detail, fields = []) {
    super(detail);
    this.kind = kind;
    /** @type {any} */
    this.said = {}; // the whole answer
    this.tag = ""; // of the state that it is about, if it is about one
    this.detail = [detail, ...fields.map((each) => `${each.field}: ${each.message}`)].filter(Boolean).join(". ");
  }
}

/** Return the key that was given in this tab, if one was. */
export function givenKey() {
  return sessionStorage.getItem(KEY);
}

/**
 * Keep a key as long as this tab is open, or forget it.
 *
 * @param {string | null} key
 */
export function keepKey(key) {
  if (key === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

/** @returns {Promise<Model>} */
export async function model() {
  return (await call("/v1/attributes")).json();
}

/**
 * @param {{offset?: number, limit: number, where?: string, signal?: AbortSignal}} asked
 * @returns {Promise<{count: number, items: Item[], next_offset: number | null}>}
 */
export async function items({ offset = 0, limit, where = "", signal }) {
  const query = new URLSearchParams({ offset: String(offset), limit: String(limit), ...(where && { where }) });
  return (await call(`/v1/items?${query}`, { signal })).json();
}

/**
 * @param {string} key
 * @returns {Promise<Item>}
 */
export async function item(key) {
  return (await call(`/v1/items/${encodeURIComponent(key)}`)).json();
}

/**
 * @param {Request & {signal?: AbortSignal}} asked
 * @returns {Promise<{matches: Match[], next_offset: number | null, attributes: string[]}>}
 */
export async function search({ fields, photos, signal }) {
  return (await call("/v1/search", { method: "POST", body: form(fields, photos), signal })).json();
}

/**
 * @param {Blob} photo
 * @param {Box | null} box
 * @returns {Promise<Record<string, Prediction>>}
 */
export async function predictPhoto(photo, box) {
  const body = form({ unknown_below: UNKNOWN_BELOW, ...(box && { box }) }, new Map([["photo", photo]]));
  return (await (await call("/v1/predict", { method: "POST", body })).json()).predictions;
}

/**
 * @param {string} key
 * @returns {Promise<Record<string, Prediction>>}
 */
export async function predictItem(key) {
  const path = `/v1/predictions/${encodeURIComponent(key)}?unknown_below=${UNKNOWN_BELOW}`;
  return (await (await call(path)).json()).predictions;
}

/**
 * @param {Blob} photo
 * @param {Box | null} box
 * @param {string} attribute
 * @returns {Promise<Blob>}
 */
export async function attention(photo, box, attribute) {
  const body = form({ attribute, side: 640, ...(box && { box }) }, new Map([["photo", photo]]));
  return (await call("/v1/attention", { method: "POST", body })).blob();
}

/**
 * @param {string} key
 * @param {{side: number, attribute?: string}} asked
 * @returns {Promise<Blob>}
 */
export async function picture(key, { side, attribute }) {
  const query = new URLSearchParams({ side: String(side), ...(attribute && { attribute }) });
  return (await call(`/v1/pictures/${encodeURIComponent(key)}?${query}`)).blob();
}

/**
 * Return an answer; ask for a key where one is needed, and come back later where the service is busy.
 *
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
export async function call(path, init = {}) {
  for (let tries = 1; ; tries += 1) {
    const response = await sent(path, init);
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (response.status === 401) keepKey(await hooks.askKey(problem));
    else if (response.status === 429 && tries < TRIES) await pause(response, init.signal);
    else throw problem;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function sent(path, init) {
  const key = givenKey();
  try {
    const headers = new Headers(init.headers);
    if (key !== null) headers.set("Authorization", `Bearer ${key}`);
    return await fetch(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem("gone", "");
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
async function problemOf(response) {
  try {
    const said = await response.json();
    const problem = new Problem(String(said.type).split(":").pop() ?? "", said.detail, said.errors);
    return Object.assign(problem, { said, tag: response.headers.get("etag") ?? "" });
  } catch {
    return new Problem("internal", `HTTP ${response.status}`); // a proxy's page, not the service's words
  }
}

/**
 * Wait as long as a busy service asks for.
 *
 * @param {Response} response
 * @param {AbortSignal | null} [signal]
 */
async function pause(response, signal) {
  const seconds = Number(response.headers.get("retry-after")) || 1;
  hooks.waiting(seconds);
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  signal?.throwIfAborted();
}

/**
 * @param {object} fields
 * @param {Map<string, Blob>} photos
 */
function form(fields, photos) {
  const body = new FormData();
  body.append("query", JSON.stringify(fields));
  for (const [name, photo] of photos) body.append(name, photo, "photo"); // the file's own name is nobody's business
  return body;
}
