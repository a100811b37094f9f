// What is wrong with what was dropped, beside the drop zone.

import { show } from "../dom.js";

const trouble = document.getElementById("drop-error");

/** Say what is wrong with what was dropped (nothing: an empty text), or only a "note". */
export function tellTrouble(text, kind = "trouble") {
  trouble.textContent = text;
  trouble.dataset.kind = kind;
  show(trouble, Boolean(text));
}
