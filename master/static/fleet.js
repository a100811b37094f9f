// The fleet's page, kept up to date.

import { show } from "./dom.js";
import { fillFleet } from "./fleet/view.js";
import { follow } from "./polling.js";
import { followPulse } from "./pulse.js";

const offline = document.getElementById("offline");

function changed(fleet, fine) {
  if (fine) fillFleet(fleet);
  return fine && fleet.hosts.some((host) => host.state === "working");
}

follow("/api/fleet", changed, (reached) => show(offline, !reached));
followPulse();
