// @ts-check
/** A garment's box on a photo: drawn with a mouse, moved by its handles with a finger, or with the arrow keys. */

import { h, place } from "./dom.js";
import { t } from "./words.js";

/** @typedef {import("./state.js").Box} Box */
/** @typedef {{x: number, y: number}} Point in pixels of the photo */

const LEAST = 16; // pixels of the screen; less is a click, not a box
const STEP = 0.02; // of the photo's side, for each arrow key
const CORNERS = [[0, 1], [2, 1], [0, 3], [2, 3]]; // places of a corner's x and y in a box

/**
 * Let a box be drawn on a photo.
 *
 * @param {HTMLElement} frame holds the photo alone
 * @param {HTMLImageElement} image loaded
 * @param {Box | null} box
 * @param {(box: Box | null) => void} chosen called when a box is finished, or gone
 */
export function boxOn(frame, image, box, chosen) {
  const side = { x: image.naturalWidth, y: image.naturalHeight };
  const shape = h("span", { class: "box", tabindex: 0, role: "application", "aria-describedby": "box-help" });
  shape.append(...CORNERS.map((corner) => handle(corner)));
  let now = box;
  const show = (/** @type {Box | null} */ next) => {
    now = next;
    if (next === null) return shape.remove();
    place(shape, placeOf(next, side));
    shape.setAttribute("aria-label", t("boxLabel", ...next.map((edge, n) => edge / (n % 2 ? side.y : side.x))));
    if (!shape.isConnected) frame.append(shape);
  };
  const finish = () => chosen(now);
  frame.addEventListener("pointerdown", (event) => begin(event, { frame, shape, side, box: now, show, finish }));
  shape.addEventListener("keydown", (event) => {
    const next = now && afterKey(event, now, side);
    if (next === undefined || now === null) return;
    event.preventDefault();
    show(next);
    finish();
  });
  show(box);
  return shape;
}

/**
 * Return a box in the middle of a photo.
 *
 * @param {HTMLImageElement} image
 * @returns {Box}
 */
export function middle({ naturalWidth: width, naturalHeight: height }) {
  return whole([0.2 * width, 0.15 * height, 0.8 * width, 0.85 * height]);
}

/** @param {number[]} corner */
function handle(corner) {
  return h("span", { class: `handle handle-${corner.join("")}`, "data-corner": corner.join(",") });
}

/**
 * Follow a pointer until it is lifted: it draws a box, drags a corner, or moves the whole.
 *
 * @param {PointerEvent} event
 * @param {{frame: HTMLElement, shape: HTMLElement, side: Point, box: Box | null, show: (box: Box | null) => void,
 *   finish: () => void}} drawing
 */
function begin(event, { frame, shape, side, box, show, finish }) {
  const target = /** @type {HTMLElement} */ (event.target);
  const onBox = shape.contains(target);
  if (event.button !== 0 || (event.pointerType === "touch" && !onBox)) return; // a finger beside the box scrolls
  event.preventDefault();
  const start = pointAt(event, frame, side);
  const corner = target.dataset.corner?.split(",").map(Number);
  const anchor = corner && box ? opposite(box, corner) : start;
  const moves = onBox && !corner;
  let moved = false;
  const move = (/** @type {PointerEvent} */ next) => {
    const point = pointAt(next, frame, side);
    moved = moved || Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) >= LEAST;
    if (moved) show(moves && box ? shifted(box, point.x - start.x, point.y - start.y, side) : between(anchor, point));
  };
  const end = () => {
    window.removeEventListener("pointermove", move);
    if (moved) finish();
    shape.focus();
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", end, { once: true });
  window.addEventListener("pointercancel", end, { once: true });
}

/**
 * Return the box after a key, null where it goes away, undefined for a key that does nothing.
 *
 * @param {KeyboardEvent} event
 * @param {Box} box
 * @param {Point} side
 * @returns {Box | null | undefined}
 */
function afterKey({ key, shiftKey }, box, side) {
  if (["Escape", "Delete", "Backspace"].includes(key)) return null;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const step = steps[/** @type {keyof typeof steps} */ (key)];
  if (!step) return undefined;
  const [x, y] = [step[0] * STEP * side.x, step[1] * STEP * side.y];
  return shiftKey ? resized(box, x, y, side) : shifted(box, x, y, side);
}

/**
 * @param {Box} box
 * @param {number} x
 * @param {number} y
 * @param {Point} side
 */
function shifted([left, top, right, bottom], x, y, side) {
  const right_ = clamp(x, -left, side.x - right);
  const down = clamp(y, -top, side.y - bottom);
  return whole([left + right_, top + down, right + right_, bottom + down]);
}

/**
 * @param {Box} box
 * @param {number} x
 * @param {number} y
 * @param {Point} side
 */
function resized([left, top, right, bottom], x, y, side) {
  const least = { x: STEP * side.x, y: STEP * side.y };
  return whole([left, top, clamp(right + x, left + least.x, side.x), clamp(bottom + y, top + least.y, side.y)]);
}

/**
 * @param {Box} box
 * @param {number[]} corner
 * @returns {Point}
 */
function opposite(box, [x, y]) {
  return { x: box[2 - x], y: box[4 - y] };
}

/**
 * @param {Point} one
 * @param {Point} other
 */
function between(one, other) {
  return whole([
    Math.min(one.x, other.x),
    Math.min(one.y, other.y),
    Math.max(one.x, other.x, Math.min(one.x, other.x) + 1),
    Math.max(one.y, other.y, Math.min(one.y, other.y) + 1),
  ]);
}

/**
 * @param {PointerEvent} event
 * @param {HTMLElement} frame
 * @param {Point} side
 * @returns {Point}
 */
function pointAt(event, frame, side) {
  const area = frame.getBoundingClientRect();
  const share = { x: (event.clientX - area.left) / area.width, y: (event.clientY - area.top) / area.height };
  return { x: clamp(share.x, 0, 1) * side.x, y: clamp(share.y, 0, 1) * side.y };
}

/**
 * @param {Box} box
 * @param {Point} side
 */
export function placeOf([left, top, right, bottom], side) {
  return { left: left / side.x, top: top / side.y, width: (right - left) / side.x, height: (bottom - top) / side.y };
}

/**
 * @param {number[]} edges
 * @returns {Box}
 */
function whole(edges) {
  return /** @type {Box} */ (edges.map(Math.round));
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
