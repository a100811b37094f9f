// Orders for all failed images of one reason: as many requests as it takes, each of a bounded number of them.

import { order } from "../orders.js";

/** A function that orders at `address` for all that `wanted` names; `told(count)` hears how many so far. `{ count, problem }`. */
const all = (address, counted) =>
  async (wanted, told = () => {}) => {
    let count = 0;
    let before = "";
    for (;;) {
      const { answer, problem } = await order(address, { ...wanted, before });
      count += answer?.[counted] ?? 0;
      before = answer?.next ?? "";
      if (!before) return { count, problem };
      told(count);
    }
  };

/** Try all again that `wanted` (code, batch) names. */
export const retryAll = all("/api/jobs/retry", "retried");

/** Put all through another pipeline that `wanted` (code, batch, pipeline) names. */
export const rerunAll = all("/api/jobs/rerun", "queued");
