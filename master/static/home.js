// The first page: drop, choose, watch.

import { startDrop } from "./upload/drop.js";
import { startFailures } from "./failures/failures.js";
import { followJobs } from "./jobs/job-list.js";
import { startPipeline } from "./builder/pipeline.js";
import { startPreview } from "./preview/preview.js";
import { followPulse } from "./pulse.js";

startPipeline();
const look = followJobs();
startDrop(look);
startFailures(look);
followPulse();
startPreview();
