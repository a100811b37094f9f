// What the fleet's page says, as the server says it (master/fleet_page.py).

import { ago } from "../dom.js";
import { language, say } from "../strings.js";

const SHOWN_DIGITS = 8;

export const number = (value, digits = 0) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const percent = (share) => `${number(100 * share)} %`;

export const usd = (amount) => `${number(amount, amount === 0 || amount >= 1 ? 2 : 4)} USD`;

export function seconds(amount) {
  const passed = Math.max(0, amount);
  return passed < 60 ? `${number(passed)} s` : `${number(Math.floor(passed / 60))} min`;
}

export function waiting(fleet) {
  const [jobs, units] = [fleet.jobs, fleet.units].map((queue) => queue.visible + queue.delayed);
  const told = [
    jobs && say("fleet.waiting_images", { count: jobs }),
    units && say("fleet.waiting_units", { count: units }),
    !jobs && !units && say("fleet.nothing_waits"),
    say("fleet.in_work", { jobs: fleet.jobs.in_flight, units: fleet.units.in_flight }),
  ];
  const oldest = Math.max(fleet.jobs.oldest ?? 0, fleet.units.oldest ?? 0);
  const [last] = fleet.hosts.filter((host) => host.jobs || host.units).sort((one, other) => other.told - one.told);
  if (oldest) told.push(say("fleet.oldest", { seconds: seconds(oldest) }).replace(/\.$/, ""));
  else if (last) told.push(say("fleet.waited", { seconds: seconds(last.waited) }).replace(/\.$/, ""));
  return `${told.filter(Boolean).join(". ")}.`;
}

export function scaling(fleet) {
  const told = fleet.scaling;
  if (!fleet.group) return say("fleet.this_machine");
  if (!told) return say("fleet.unknown_scaling");
  if (told.stopped) return say("fleet.stopped");
  if (told.asleep) return say("fleet.asleep");
  const wanted = say("fleet.wanted", { wanted: told.wanted, in_service: told.in_service, most: told.most });
  return told.idle_since ? `${wanted}. ${say("fleet.idle_since", { since: ago(told.idle_since) })}` : `${wanted}.`;
}

export function cost(fleet) {
  const { today } = fleet;
  if (!fleet.group) {
    return `${say("fleet.cost_machine")}. ${say("fleet.cost_elsewhere", { usd: usd(today.elsewhere_usd) })}`;
  }
  const told = say("fleet.cost_parts", {
    hours: number(today.host_hours, 1),
    hosts: usd(today.hosts_usd),
    requests: usd(today.requests_usd),
  });
  return today.unpriced.length ? `${told}. ${say("fleet.cost_unpriced", { kinds: today.unpriced.join(", ") })}` : told;
}

export function facts(host) {
  // of one that has told nothing yet, nobody knows how it is paid
  const paid = host.told ? ` (${say(host.spot ? "fleet.spot" : "fleet.on_demand")})` : "";
  const kind = host.kind && host.kind + paid;
  return [
    kind || say("fleet.machine"),
    host.since && say("fleet.since", { moment: ago(host.since) }),
    host.ranks && say("fleet.ranks", { count: host.ranks }),
    (host.jobs || host.units) && say("fleet.held", { jobs: host.jobs, units: host.units }),
    host.state === "silent" && say("fleet.told", { ago: ago(host.told) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** What a rank works on; nothing where that is not told. */
export const work = ({ job, unit }) =>
  job && say(unit ? "fleet.unit" : "fleet.image", { job: job.slice(0, SHOWN_DIGITS), unit });

/** The first span in which there was a host: before it nobody looked. */
export const begun = ({ busy }) => Math.max(0, busy.findIndex((share) => share !== null));

/** The sentence `hour`, or, where no host has told of all of it, that of the `minutes` that are known. */
export function spanned(past, hour, minutes, values) {
  const begin = begun(past);
  if (!begin) return say(hour, values);
  return say(minutes, { ...values, count: Math.floor(((past.busy.length - begin) * past.seconds) / 60) });
}

export function extreme(name, values) {
  if (name === "ended") return say("fleet.past_sum", { sum: values.reduce((sum, value) => sum + value, 0) });
  const most = Math.max(...values);
  return say("fleet.past_most", { most: name === "busy" ? percent(most) : most });
}
