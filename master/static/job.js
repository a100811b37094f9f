// One job's page, kept up to date until the job is over.

import { startRerun } from "./builder/rerun.js";
import { field, fillJob, isOver, moment, pixels, seconds, show, write } from "./dom.js";
import { fillFailure } from "./failures/failure.js";
import { fillStory } from "./failures/story.js";
import { order } from "./orders.js";
import { follow } from "./polling.js";
import { followPulse } from "./pulse.js";
import { say } from "./strings.js";

const root = document.getElementById("job");

/** Show one side: its link, and the image behind it unless it is of another kind, which is only a download. */
function fillSide(side, link, absent, kind) {
  const isImage = kind === "image";
  const image = field(root, `${side}-image`);
  const anchor = field(root, `${side}-link`);
  show(anchor, Boolean(link));
  // a new signature for the same image is no new image
  if (link && isImage && !image.getAttribute("src")) image.src = link;
  if (link) anchor.href = link;
  if (!link) write(root, `${side}-note`, absent);
  else if (!isImage) write(root, `${side}-note`, say(kind === "archive" ? "viewer.archive" : "viewer.report"));
  field(root, `${side}-image`).closest("figure").toggleAttribute("data-none", absent === say("viewer.no_result") && !link);
  showImage(side, Boolean(link) && isImage);
}

function showImage(side, visible) {
  const image = field(root, `${side}-image`);
  show(image, visible && image.dataset.broken === undefined);
  show(field(root, `${side}-note`), !visible || image.dataset.broken !== undefined);
}

function broken(side) {
  const image = field(root, `${side}-image`);
  if (!image.getAttribute("src")) return;
  image.dataset.broken = "";
  write(root, `${side}-note`, say("viewer.cannot_show"));
  showImage(side, true);
}

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
  fillSide("input", job.links.input, say("viewer.no_image"), "image");
  fillSide("result", job.links.result, isOver(job) ? say("viewer.no_result") : say("viewer.not_yet"), job.result_kind);
  if (isOver(job)) following.stop();
  return true;
}

for (const side of ["input", "result"]) {
  const image = field(root, `${side}-image`);
  image.addEventListener("error", () => broken(side));
  // it may have failed before this module ran
  if (image.getAttribute("src") && image.complete && !image.naturalWidth) broken(side);
}

// --- orders --------------------------------------------------------------------------------------------------------

const trouble = document.getElementById("order-error");
const here = `/api/jobs/${encodeURIComponent(root.dataset.id)}`;

async function give(address, body, then) {
  show(trouble, false);
  const { answer, problem } = await order(address, body);
  trouble.textContent = problem;
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

const following = follow(`/api/jobs/${encodeURIComponent(root.dataset.id)}`, changed);
followPulse();
