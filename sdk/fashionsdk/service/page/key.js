// @ts-check
/** Asks for an API key where the service needs one. It is kept as long as the tab is open, and nowhere else. */

import { Problem, givenKey, keepKey } from "./api.js";
import { find, h } from "./dom.js";
import { explained } from "./status.js";

/** @type {Promise<string> | null} */
let asking = null;

/** Let a key be asked for, and forgotten. To be called before the page is translated. */
export function takeKeys() {
  document.body.append(keyDialog());
  find("forget-key").addEventListener("click", () => {
    keepKey(null);
    location.reload();
  });
  find("key-cancel").addEventListener("click", () => find("key-dialog").close());
}

function keyDialog() {
  const key = h("input", { id: "key", type: "password", autocomplete: "off", required: true });
  const use = h("button", { type: "submit", class: "button", "data-t": "keyUse" });
  const cancel = h("button", { type: "button", class: "quiet", id: "key-cancel", "data-t": "cancel" });
  return h(
    "dialog",
    { id: "key-dialog", "aria-labelledby": "key-title" },
    h(
      "form",
      { id: "key-form" },
      h("h2", { id: "key-title", "data-t": "keyTitle" }),
      h("p", { "data-t": "keyHint" }),
      h("p", { id: "key-problem", class: "remark", role: "alert" }),
      h("label", { class: "stacked" }, h("span", { "data-t": "keyLabel" }), key),
      h("p", { class: "actions" }, use, " ", cancel),
    ),
  );
}

/** Show whether a key was given. */
export function drawKey() {
  find("forget-key").hidden = givenKey() === null;
}

/**
 * Return the key that the reader gives. Several requests that need one ask once.
 *
 * @param {Problem} problem why one is needed
 * @returns {Promise<string>}
 */
export function askKey(problem) {
  asking ??= dialogKey(problem).finally(() => (asking = null));
  return asking;
}

/**
 * @param {Problem} problem
 * @returns {Promise<string>}
 */
function dialogKey(problem) {
  const dialog = find("key-dialog");
  const input = find("key");
  find("key-problem").textContent = problem.kind === "key-missing" ? "" : explained(problem).title;
  input.value = "";
  dialog.showModal();
  return new Promise((resolve, reject) => {
    find("key-form").onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (!input.value.trim()) return;
      resolve(input.value.trim());
      dialog.close();
      find("forget-key").hidden = false;
    };
    dialog.onclose = () => reject(problem); // after it was resolved, this changes nothing
  });
}
