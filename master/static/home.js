// The first page: drop, choose, watch.

import { startDrop } from "./drop.js";
import { followJobs } from "./job-list.js";
import { startPipeline } from "./pipeline.js";
import { followPulse } from "./pulse.js";

startPipeline();
startDrop(followJobs());
followPulse();
