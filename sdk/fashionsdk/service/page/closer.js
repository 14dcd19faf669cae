// @ts-check
/** An item seen large, with all that is known of it. */

import { actions, bars, metadata } from "./card.js";
import { fill, find, h } from "./dom.js";
import { picture } from "./pictures.js";

const SIDE = 1024; // of the picture, in pixels

/**
 * Open the item over the page.
 *
 * @param {import("./finder.js").Answer} answer
 * @param {import("./api.js").Model} model
 * @param {Record<string, number>} totals how much each attribute counts
 */
export function openItem(answer, model, totals) {
  const dialog = find("closer");
  const frame = picture(answer.key, { side: SIDE, there: answer.picture });
  find("closer-title").textContent = answer.key;
  fill(
    find("closer-body"),
    h("div", { class: "closer-picture" }, frame),
    h(
      "div",
      { class: "closer-side" },
      bars(answer, frame, model, totals, SIDE),
      metadata(answer, Infinity),
      actions(answer, model, () => dialog.close()),
    ),
  );
  dialog.showModal();
}
