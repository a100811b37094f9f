// Asking who may be busy: the answer says so (503), and when to ask again.

import { ask } from "./session.js";
import { turns } from "./turns.js";

// to a host that speaks HTTP/1.1 a browser has six connections for all its tabs: uploads and the list want some of them
const several = performance.getEntriesByType("navigation")[0]?.nextHopProtocol !== "http/1.1";

/** Ask for what may take long in its turn, behind which nothing else waits. */
export const inTurn = turns(several ? 8 : 2);

const TRIES = 4;
const LONGEST_SECONDS = 10;

/** `ask`, and again some times while the answer is that the service is busy; what it says last is returned. */
export async function askPatiently(address, options = {}) {
  for (let tries = 1; ; tries += 1) {
    const response = await inTurn(() => (options.signal?.throwIfAborted(), ask(address, options)));
    if (response.status !== 503 || tries === TRIES) return response;
    const told = Number(response.headers.get("Retry-After")) || 1;
    // those who were refused together do not come back together
    await pause(Math.min(LONGEST_SECONDS, told) * (0.75 + Math.random() / 2), options.signal);
  }
}

/** Wait so long. Rejects with what `signal` was aborted with. */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const calledOff = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", calledOff);
      resolve();
    }, 1000 * seconds);
    signal?.addEventListener("abort", calledOff, { once: true });
  });
}
