// The list of failures: all of a code tried again at once, in as many requests as it takes.

import { show } from "../dom.js";
import { order } from "../orders.js";
import { say } from "../strings.js";

export function startFailures(look) {
  const form = document.getElementById("retry-failed");
  if (!form) return;
  const told = document.getElementById("retry-told");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const wanted = { code: document.getElementById("retry-code").value, batch: form.dataset.batch };
    let count = 0;
    let more = true;
    while (more) {
      const { answer, problem } = await order("/api/jobs/retry", wanted);
      count += answer?.retried ?? 0;
      more = Boolean(answer?.more && answer.retried);
      told.textContent = problem || say("failures.retried", { count });
      show(told, true);
    }
    button.disabled = false;
    look();
  });
}
