// Orders for all failed images of one reason: as many requests as it takes, each of a bounded number of them.

import { order } from "../orders.js";

/** Try all again that `wanted` (code, batch) names; `told(count)` hears how many so far. `{ count, problem }`. */
export async function retryAll(wanted, told = () => {}) {
  let count = 0;
  let before = "";
  for (;;) {
    const { answer, problem } = await order("/api/jobs/retry", { ...wanted, before });
    count += answer?.retried ?? 0;
    before = answer?.next ?? "";
    if (!before) return { count, problem };
    told(count);
  }
}

/** Put all through another pipeline that `wanted` (code, batch, pipeline) names. `{ count, problem }`. */
export async function rerunAll(wanted, told = () => {}) {
  let count = 0;
  let before = "";
  for (;;) {
    const { answer, problem } = await order("/api/jobs/rerun", { ...wanted, before });
    count += answer?.queued ?? 0;
    before = answer?.next ?? "";
    if (!before) return { count, problem };
    told(count);
  }
}
