// How much waits and how much is worked on, in the page's head.

import { show } from "./dom.js";
import { ask, wanted } from "./session.js";
import { say } from "./strings.js";

// where people sign in each look costs
const EVERY = wanted ? 15000 : 5000;
const element = document.getElementById("pulse");

function queue(waiting, running) {
  const parts = [waiting && say("page.waiting", { count: waiting }), running && say("page.in_work", { count: running })];
  return parts.filter(Boolean).join(" · ");
}

async function look() {
  if (document.hidden) return;
  try {
    const response = await ask("/api/health", { cache: "no-store" });
    const health = response.ok ? await response.json() : null;
    const text = health
      ? queue(health.jobs.visible + health.jobs.delayed, health.jobs.in_flight)
      : "";
    if (element.textContent !== text) element.textContent = text;
    show(element, Boolean(text));
  } catch {
    show(element, false);
  }
}

export function followPulse() {
  document.addEventListener("visibilitychange", look);
  setInterval(look, EVERY);
  look();
}
