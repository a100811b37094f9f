// One job's page, kept up to date until the job is over.

import { field, fillJob, isOver, moment, pixels, seconds, show, write } from "./dom.js";
import { follow } from "./polling.js";
import { followPulse } from "./pulse.js";
import { strings } from "./strings.js";

const root = document.getElementById("job");

function fillSide(side, link, absent) {
  const image = field(root, `${side}-image`);
  const anchor = field(root, `${side}-link`);
  show(anchor, Boolean(link));
  // a new signature for the same image is no new image
  if (link && !image.getAttribute("src")) image.src = link;
  if (link) anchor.href = link;
  if (!link) write(root, `${side}-note`, absent);
  field(root, `${side}-image`).closest("figure").toggleAttribute("data-none", absent === strings.noResult && !link);
  showImage(side, Boolean(link));
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
  write(root, `${side}-note`, strings.cannotShow);
  showImage(side, true);
}

function changed(job, fine) {
  if (!fine) return false;
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
  fillSide("input", job.links.input, strings.noImage);
  fillSide("result", job.links.result, isOver(job) ? strings.noResult : strings.notYet);
  if (isOver(job)) following.stop();
  return true;
}

for (const side of ["input", "result"]) {
  const image = field(root, `${side}-image`);
  image.addEventListener("error", () => broken(side));
  // it may have failed before this module ran
  if (image.getAttribute("src") && image.complete && !image.naturalWidth) broken(side);
}
const following = follow(`/api/jobs/${encodeURIComponent(root.dataset.id)}`, changed);
followPulse();
