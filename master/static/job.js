// One job's page, kept up to date until the job is over.

import { startRerun } from "./builder/rerun.js";
import { field, fillJob, isOver, marked, moment, pixels, seconds, show, write } from "./dom.js";
import { fillFailure } from "./failures/failure.js";
import { fillStory } from "./failures/story.js";
import { order } from "./orders.js";
import { follow } from "./polling.js";
import { followPulse } from "./pulse.js";

const root = document.getElementById("job");
const here = `/api/jobs/${encodeURIComponent(root.dataset.id)}`;
// loaded behind what is needed at once: orders are taken before anything can be zoomed
const viewer = import("./viewer/viewer.js").then(
  ({ startViewer }) => startViewer(root),
  () => {
    show(root.querySelector('[data-viewer="trouble"]'), true);
    return () => {};
  },
);

function changed(job, fine) {
  if (!fine) return false;
  show(document.getElementById("retry"), job.remedies.includes("retry"));
  show(document.getElementById("rerun"), job.state !== "FAILED" || job.remedies.includes("another_pipeline"));
  show(document.getElementById("cancel"), !isOver(job));
  fillStory(job);
  fillFailure(root, job);
  fillJob(root, job);
  write(root, "size", pixels(job) || "–");
  write(root, "seconds", seconds(job.seconds) || "–");
  write(root, "dtype", job.dtype || "–");
  write(root, "result_key", job.result_key || "–");
  write(root, "attempts", String(job.attempts));
  write(root, "created", moment(job.created) || "–");
  write(root, "ended", moment(job.ended) || "–");
  write(root, "note", job.note);
  show(field(root, "note").parentElement, Boolean(job.note));
  viewer.then((fill) => fill(job));
  if (isOver(job)) following.stop();
  return true;
}

// --- orders --------------------------------------------------------------------------------------------------------

const trouble = document.getElementById("order-error");

async function give(address, body, then) {
  show(trouble, false);
  const { answer, problem } = await order(address, body);
  marked(trouble, problem);
  show(trouble, Boolean(problem));
  if (answer) then(answer);
}

// a job that is not over is followed again
const again = () => location.reload();
document.getElementById("retry").addEventListener("click", () => give(`${here}/retry`, {}, again));
document.getElementById("cancel").addEventListener("click", () => give(`${here}/cancel`, {}, again));
const rerun = document.getElementById("rerun");
const run = (pipeline) =>
  give(`${here}/rerun`, { pipeline }, (answer) => location.assign(`/jobs/${encodeURIComponent(answer.job.id)}`));
if (rerun) startRerun(rerun, run);
// from here on a click is not lost
document.querySelector(".orders").inert = false;

const offline = document.getElementById("offline");
const following = follow(here, changed, (reached) => show(offline, !reached));
followPulse();
