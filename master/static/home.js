// The first page: drop, choose, watch.

import { startDrop } from "./upload/drop.js";
import { followJobs } from "./jobs/job-list.js";
import { startPipeline } from "./builder/pipeline.js";
import { followPulse } from "./pulse.js";

startPipeline();
const look = followJobs();
startDrop(look);
followPulse();
// what not every page shows
if (document.getElementById("failures")) {
  import("./failures/failures.js").then(({ startFailures }) => startFailures(look));
}
if (document.getElementById("preview")) import("./preview/preview.js").then(({ startPreview }) => startPreview());
