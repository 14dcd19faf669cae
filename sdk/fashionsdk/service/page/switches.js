// @ts-check
/** What every page has: the choice of language and theme, and dialogs that close. */

import { find, h } from "./dom.js";
import { NAMES, language, setLanguage } from "./words.js";

/** Let the language and the theme be switched. */
export function takeSwitches() {
  const select = find("language");
  select.append(...Object.entries(NAMES).map(([code, name]) => h("option", { value: code, lang: code, selected: code === language() }, name)));
  select.addEventListener("change", () => setLanguage(select.value));
  find("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
    const theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("fashionsdk.theme", theme);
  });
}

/** A click beside a dialog closes it, and so does its button. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.querySelector(".close")?.addEventListener("click", () => dialog.close());
  }
}
