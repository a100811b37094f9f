// Paths and commands, each with a button that copies it.

import { copied } from "../clipboard.js";
import { cloned, field, write } from "../dom.js";
import { say } from "../strings.js";

const SHOWN_SECONDS = 2;

export function fillCopies(section, job) {
  const list = section.querySelector("[data-copies]");
  const texts = [...job.copies];
  if (job.links.result) texts.push({ what: "curl", text: `curl --remote-header-name --remote-name '${job.links.result}'` });
  section.hidden = texts.length === 0;
  for (const { what, text } of texts) {
    const line = list.querySelector(`[data-copy="${what}"]`) ?? added(list, what);
    line.querySelector("button").dataset.copyText = text;
    // who is just copying it by hand is not disturbed
    if (!document.getSelection().containsNode(field(line, "text"), true)) write(line, "text", text);
  }
}

function added(list, what) {
  const line = cloned(document.getElementById("copy-line"));
  line.dataset.copy = what;
  field(line, "what").textContent = say(`viewer.copy.${what}`);
  list.append(line);
  return line;
}

export function startCopies(section) {
  section.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy-text]");
    if (!button?.dataset.copyText) return;
    if (!(await copied(button.dataset.copyText))) {
      // where the clipboard is closed (no HTTPS) the text is selected, for a key to copy it
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      return;
    }
    button.textContent = say("viewer.copied");
    setTimeout(() => (button.textContent = say("viewer.copy_it")), 1000 * SHOWN_SECONDS);
  });
}
