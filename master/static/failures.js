// What failed, by its reason, kept up to date, with orders for all of one reason.

import { startReasons } from "./failures/groups.js";
import { followPulse } from "./pulse.js";

startReasons();
followPulse();
