// Asks again and again, by ETag, and not at all while nobody looks.

import { ask } from "./session.js";

const QUIET = 4000;
const BUSY = 1000;
const LONGEST = 15000;

/**
 * Follow `address` (a function, or a text): `changed(answer)` is called with each new answer and returns whether
 * something is under way, so that the next look comes sooner; `reached(yes)` tells whether the server answers.
 * Returns `{ now, stop }`: look at once, look no more.
 */
export function follow(address, changed, reached = () => {}) {
  let tag = "";
  let busy = true;
  let failures = 0;
  let timer = 0;
  let asking = false;
  let stopped = false;

  async function look() {
    clearTimeout(timer);
    if (document.hidden || asking || stopped) return;
    asking = true;
    try {
      const response = await ask(typeof address === "function" ? address() : address, {
        headers: { Accept: "application/json", ...(tag ? { "If-None-Match": tag } : {}) },
        cache: "no-store",
      });
      if (response.status >= 500) throw new Error(response.statusText);
      if (response.status !== 304) {
        tag = response.headers.get("ETag") ?? "";
        busy = Boolean(changed(await response.json(), response.ok));
      }
      failures = 0;
    } catch {
      failures += 1;
    }
    asking = false;
    reached(failures < 2);
    if (!stopped) timer = setTimeout(look, failures ? Math.min(LONGEST, BUSY * 2 ** (failures - 1)) : busy ? BUSY : QUIET);
  }

  document.addEventListener("visibilitychange", look);
  look();
  return {
    now: look,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    },
  };
}
