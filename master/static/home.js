// The first page: drop, choose, watch.

import { startDrop } from "./drop.js";
import { startFailures } from "./failures.js";
import { followJobs } from "./job-list.js";
import { startPipeline } from "./pipeline.js";
import { followPulse } from "./pulse.js";

startPipeline();
const look = followJobs();
startDrop(look);
startFailures(look);
followPulse();
