// A batch: many jobs begun together, and how far they are.

import { follow } from "../polling.js";
import { asked } from "./persist.js";

// what the master takes of what people call a batch
const NAME_CHARACTERS = 200;

/** A name that nobody has. */
export const newBatch = () =>
  crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;

const address = (batch) => `/api/batches/${encodeURIComponent(batch)}`;

/** Tell the master how many jobs a batch will have, and what people call it. */
export const noteBatch = (batch, size, name) =>
  // a batch that is not noted is only not seen as a whole
  asked("PUT", address(batch), { size, name: [...name].slice(0, NAME_CHARACTERS).join("") }).catch(() => {});

/**
 * Follow the jobs of a batch: `changed({ known, ended, failed, size })` is called with their counts (`size`: how many there will
 * be, null where nobody noted it), and returns whether more is to come. Returns what `follow` does.
 */
export const followCounts = (batch, changed) =>
  follow(address(batch), ({ states, ended, failed, size }, fine) => {
    if (!fine) return true;
    const known = Object.values(states).reduce((sum, count) => sum + count, 0);
    return changed({ known, ended, failed, size });
  });
