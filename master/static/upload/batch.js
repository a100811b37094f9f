// A batch: many jobs begun together, and how far they are.

import { isOver } from "../dom.js";
import { follow } from "../polling.js";
import { asked } from "./persist.js";

const MOST_JOBS = 1000;

/** A name that nobody has. */
export const newBatch = () =>
  crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;

/** Tell the master how many jobs a batch will have, and what people call it. */
export const noteBatch = (batch, size, name) =>
  // a batch that is not noted is only not seen as a whole
  asked("PUT", `/api/batches/${encodeURIComponent(batch)}`, { size, name }).catch(() => {});

/**
 * Follow the jobs of a batch: `changed({ known, ended, failed })` is called with their counts, and returns whether more is to
 * come. Returns what `follow` does.
 */
export function followBatch(batch, changed) {
  const query = new URLSearchParams({ batch, limit: String(MOST_JOBS) });
  return follow(`/api/jobs?${query}`, (answer, fine) => {
    if (!fine) return true;
    const over = answer.jobs.filter(isOver);
    return changed({
      known: answer.jobs.length,
      ended: over.length,
      failed: over.filter((job) => job.state !== "DONE").length,
    });
  });
}
