// The list of failures: all of a code tried again at once, or exported.

import { show } from "../dom.js";
import { query } from "../jobs/filters.js";
import { say } from "../strings.js";
import { retryAll } from "./again.js";

// what an order and an export know nothing of
const NARROWER = ["search", "since", "before"];

const offered = document.getElementById("failures");
// only where another try may help
const form = document.getElementById("retry-failed");
const select = document.getElementById("retry-code");

/** Offer what is for just those failures that the list is about. */
function fit() {
  const wanted = query();
  const code = wanted.get("code") ?? "";
  show(offered, !NARROWER.some((name) => wanted.has(name)));
  for (const link of offered.querySelectorAll("a[download]")) {
    const address = new URL(link.href);
    if (code) address.searchParams.set("code", code);
    else address.searchParams.delete("code");
    link.href = address;
  }
  if (!form) return;
  select.value = code;
  // a code that is no choice is not chosen
  show(form, select.value === code);
}

async function retryChosen(event, look) {
  event.preventDefault();
  const told = document.getElementById("retry-told");
  const button = form.querySelector("button");
  const tell = (sentence) => {
    told.textContent = sentence;
    show(told, true);
  };
  button.disabled = true;
  const wanted = { code: select.value, batch: form.dataset.batch };
  const { count, problem } = await retryAll(wanted, (so_far) => tell(say("failures.working", { count: so_far })));
  tell(problem || (count ? say("failures.retried", { count }) : say("failures.retried_none")));
  button.disabled = false;
  look();
}

export function startFailures(look) {
  document.addEventListener("tilework:filters", fit);
  fit();
  if (!form) return;
  form.addEventListener("submit", (event) => retryChosen(event, look));
  // from here on a click is not lost
  form.inert = false;
}
