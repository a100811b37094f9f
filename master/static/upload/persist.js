// A request that fails on the way is made again: after a pause that grows, at once when the line is back, not while there is none.

import { mayPass, problemOf } from "../problems.js";
import { ask } from "../session.js";
import { say } from "../strings.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30000;
// some minutes in all; whoever is not reached for so long is not there
const MOST_FAILURES = 12;

/** What may pass: a cut line, a service that is too busy. */
export class Lost extends Error {}

/** What will not: `status` and `code` tell why. */
export class Refused extends Error {
  constructor(sentence, { status = 0, code = "", problem = null } = {}) {
    super(sentence);
    Object.assign(this, { status, code, problem });
  }
}

/** Whether an answer's status may be another one soon. */
export const passes = (status) => status === 0 || status === 408 || mayPass(status);

/** Do `work` until it is done or refused. `waiting(why)` tells what it waits for, or "" again; `signal` calls it off. */
export async function persist(work, { signal, waiting = () => {} }) {
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    try {
      const result = await work();
      waiting("");
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Lost)) throw error;
      // no failure counts while there is no line at all
      if (navigator.onLine) failures += 1;
      if (failures > MOST_FAILURES) throw error;
      waiting(error.message);
      await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), signal);
    }
  }
}

/** Wait, but not beyond the moment in which the line is back, nor before it where it is down. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      window.removeEventListener("online", over);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const length = milliseconds * (0.5 + Math.random() / 2);
    const timer = navigator.onLine ? setTimeout(over, length) : 0;
    window.addEventListener("online", over);
    signal.addEventListener("abort", over);
  });
}

/** What the master answers, as JSON (null where there is none). Throws Lost or Refused. */
export async function asked(method, address, body, signal) {
  try {
    const response = await ask(address, {
      method,
      signal,
      cache: "no-store",
      headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
    // a line may be cut while the answer comes, too
    return await said(response);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Lost || error instanceof Refused) throw error;
    throw new Lost(error instanceof TypeError ? say("page.no_answer") : error.message);
  }
}

async function said(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  const again = response.clone();
  const sentence = await problemOf(response);
  if (passes(response.status)) throw new Lost(sentence);
  const problem = await again.json().catch(() => null);
  throw new Refused(sentence, { status: response.status, code: problem?.code ?? "", problem });
}
