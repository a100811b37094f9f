// A batch: many jobs begun together, and how far they are.

import { isOver } from "../dom.js";
import { follow } from "../polling.js";
import { asked } from "./persist.js";

const MOST_JOBS = 1000;

/** A name that nobody has. */
export const newBatch = () =>
  crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;

const placeOf = (batch) => `/api/batches/${encodeURIComponent(batch)}`;

// batches that the master counts; of any other it might say that there is none
const noted = new Set();

/** Tell the master how many jobs a batch will have, and what people call it. */
export const noteBatch = (batch, size, name) =>
  asked("PUT", placeOf(batch), { size, name }).then(
    () => noted.add(batch),
    // a batch that is not noted is only not seen as a whole
    () => {},
  );

/**
 * Follow the jobs of a batch: `changed({ known, ended, failed })` is called with their counts, and returns whether more is to
 * come. Returns what `follow` does.
 */
export function followBatch(batch, changed) {
  const query = new URLSearchParams({ batch, limit: String(MOST_JOBS) });
  const address = () => (noted.has(batch) ? placeOf(batch) : `/api/jobs?${query}`);
  return follow(address, (answer, fine) => {
    if (!fine) return true;
    return changed(answer.states ? counted(answer) : told(answer.jobs));
  });
}

const counted = ({ states, ended, failed }) => ({
  known: Object.values(states).reduce((sum, count) => sum + count, 0),
  ended,
  failed,
});

function told(jobs) {
  const over = jobs.filter(isOver);
  return { known: jobs.length, ended: over.length, failed: over.filter((job) => job.state !== "DONE").length };
}
