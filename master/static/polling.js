// Asks again and again, by ETag, and not at all while nobody looks.

import { mayPass } from "./problems.js";
import { ask, wanted } from "./session.js";

// each look costs where people sign in, for there a gateway is asked: then not so often, and ever less while nothing changes
const PACE = wanted ? { busy: 5000, quiet: 5000, longest: 30000 } : { busy: 1000, quiet: 4000, longest: 4000 };
const AGAIN = 1000;
const LONGEST_AGAIN = 30000;

/** Resolves when somebody looks at the tab. */
export const seen = () =>
  new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });

/**
 * Follow `address` (a function, or a text; where it is empty, nothing is asked): `changed(answer)` is called with each new answer and returns whether
 * something is under way, so that the next look comes sooner, or null where it has no use for that answer any more; `reached(yes)` tells whether the server answers.
 * Returns `{ now, stop }`: look at once, look no more.
 */
export function follow(address, changed, reached = () => {}) {
  let tag = "";
  let busy = true;
  let failures = 0;
  let same = 0;
  let timer = 0;
  let asking = false;
  let stopped = false;

  async function look() {
    clearTimeout(timer);
    if (document.hidden || asking || stopped) return;
    const place = typeof address === "function" ? address() : address;
    if (!place) {
      timer = setTimeout(look, PACE.busy);
      return;
    }
    asking = true;
    const heard = await answered(place).catch(() => null);
    failures = heard ? 0 : failures + 1;
    if (heard && !stopped) take(heard);
    asking = false;
    reached(failures < 2);
    if (!stopped) timer = setTimeout(look, pause());
  }

  /** `{ news, fine, tag }`, without `news` where there are none. Throws where nobody answers. */
  async function answered(place) {
    const response = await ask(place, {
      headers: { Accept: "application/json", ...(tag ? { "If-None-Match": tag } : {}) },
      cache: "no-store",
    });
    if (mayPass(response.status)) throw new Error(response.statusText);
    if (response.status === 304) return {};
    return { news: await response.json(), fine: response.ok, tag: response.headers.get("ETag") ?? "" };
  }

  function take(heard) {
    same += 1;
    if (heard.news === undefined) return;
    same = 0;
    try {
      const next = changed(heard.news, heard.fine);
      const isUseless = next === null;
      busy = isUseless || Boolean(next);
      // only what was shown need not be told again
      tag = isUseless ? "" : heard.tag;
    } catch (error) {
      // a fault of the page's own, which is not the server's silence
      reportError(error);
    }
  }

  function pause() {
    if (failures) return Math.min(LONGEST_AGAIN, AGAIN * 2 ** (failures - 1));
    return busy ? PACE.busy : Math.min(PACE.longest, PACE.quiet * 2 ** same);
  }

  function now() {
    same = 0;
    return look();
  }

  document.addEventListener("visibilitychange", look);
  look();
  return {
    now,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    },
  };
}
