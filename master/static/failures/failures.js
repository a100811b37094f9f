// The list of failures: all of a code tried again at once.

import { show } from "../dom.js";
import { say } from "../strings.js";
import { retryAll } from "./again.js";

export function startFailures(look) {
  const form = document.getElementById("retry-failed");
  const told = document.getElementById("retry-told");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const wanted = { code: document.getElementById("retry-code").value, batch: form.dataset.batch };
    const tell = (sentence) => {
      told.textContent = sentence;
      show(told, true);
    };
    const { count, problem } = await retryAll(wanted, (so_far) => tell(say("failures.working", { count: so_far })));
    tell(problem || (count ? say("failures.retried", { count }) : say("failures.retried_none")));
    button.disabled = false;
    look();
  });
  // from here on a click is not lost
  form.inert = false;
}
