// What went wrong with one job, and what can be done about it.

import { field, show, write } from "../dom.js";
import { say } from "../strings.js";

/** Fill the part of a job's page that is about its failure, beyond reason and advice. */
export function fillFailure(root, job) {
  const failed = job.state === "FAILED";
  write(root, "hint", say(`failures.hint.${job.remedies[0] ?? "none"}`));
  show(field(root, "hint"), failed && Boolean(job.key));
  show(field(root, "failure-links"), Boolean(job.code));
  field(root, "what").href = `/docs#problem-${encodeURIComponent(job.code)}`;
  field(root, "same").href = `/?state=FAILED&code=${encodeURIComponent(job.code)}`;
  show(field(root, "same"), failed);
}
