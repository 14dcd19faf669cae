// @ts-check
/** The address of what is asked, to send to somebody. */

import { find } from "./dom.js";
import { asked, subjects } from "./state.js";
import { notice } from "./status.js";
import { t } from "./words.js";

/** Let the address be seen and copied. */
export function openShare() {
  const field = find("share-address");
  find("open-share").addEventListener("click", () => {
    field.value = location.href;
    find("share-photo").hidden = !subjects(asked()).some((each) => each.kind === "photo");
    find("share").showModal();
    field.select();
  });
  find("copy-address").addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      find("share").close();
      notice(t("copied"));
    } catch {
      notice(t("copyYourself")); // browsers allow it over TLS and on the same machine only
    }
  });
}
