// Fills the fleet's page with what the API tells.

import { cloned, field, show, write } from "../dom.js";
import { knows, say } from "../strings.js";
import { begun, cost, extreme, facts, number, percent, scaling, seconds, spanned, usd, waiting, work } from "./sentences.js";

const root = document.getElementById("fleet");
const list = document.getElementById("hosts");

const WIDTH = 120;
const HEIGHT = 28;
const MOST_RANKS = 64;

export function fillFleet(fleet) {
  const queues = [fleet.jobs, fleet.units];
  write(root, "busy", percent(fleet.busy));
  write(root, "busy_hour", spanned(fleet.past, "fleet.busy_hour", "fleet.busy_minutes", { percent: percent(fleet.busy_hour) }));
  write(root, "waiting", number(queues.reduce((sum, queue) => sum + queue.visible + queue.delayed, 0)));
  write(root, "queues", waiting(fleet));
  write(root, "hosts", number(fleet.hosts.length));
  write(root, "ranks", say("fleet.ranks_now", { count: fleet.ranks }));
  write(root, "scaling", scaling(fleet));
  if (fleet.today) {
    write(root, "usd", usd(fleet.today.usd));
    write(root, "cost", cost(fleet));
  }
  for (const name of ["busy", "waiting", "ended"]) draw(name, fleet.past);
  fillHosts(fleet);
}

/** One small picture of the last hour, as far as it is known. */
function draw(name, past) {
  const values = past[name].map((value) => value ?? 0);
  const begin = begun(past);
  const figure = root.querySelector(`[data-past="${name}"]`);
  const most = Math.max(...values);
  show(figure, most > 0);
  if (!most) return;
  const full = name === "busy" ? 1 : most;
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, at) => `${(at * step).toFixed(1)} ${(HEIGHT - 1 - (value / full) * (HEIGHT - 2)).toFixed(1)}`);
  const line = `M${points.slice(begin).join("L")}`;
  figure.querySelector(".past-line").setAttribute("d", line);
  figure.querySelector(".past-area").setAttribute("d", `${line}V${HEIGHT}H${(begin * step).toFixed(1)}Z`);
  const title = spanned(past, `fleet.past_${name}`, `fleet.past_${name}_minutes`, {});
  write(figure, "title", title);
  figure.firstElementChild.setAttribute("aria-label", title);
  write(figure, "extreme", extreme(name, values));
}

function fillHosts(fleet) {
  const known = new Map([...list.children].map((card) => [card.dataset.host, card]));
  const cards = fleet.hosts.map((host) => {
    const name = host.instance || host.host;
    const card = known.get(name) ?? cloned(document.getElementById("host-card"));
    card.dataset.host = name;
    fillHost(card, host, fleet.at);
    return card;
  });
  const same = cards.length === list.children.length && cards.every((card, at) => card === list.children[at]);
  if (!same) list.replaceChildren(...cards);
  show(document.getElementById("no-hosts"), !cards.length);
}

function fillHost(card, host, now) {
  card.dataset.state = host.state;
  write(card, "host", host.host);
  write(card, "state", say(`fleet.states.${host.state}`));
  write(card, "facts", facts(host));
  write(card, "busy", say("fleet.host_busy", { percent: percent(host.busy) }));
  field(card, "meter").value = host.busy;
  const ranks = field(card, "work-list");
  const wanted = Math.min(host.ranks, MOST_RANKS);
  while (ranks.children.length > wanted) ranks.lastElementChild.remove();
  while (ranks.children.length < wanted) ranks.append(cloned(document.getElementById("rank-row")));
  const doing = new Map(host.work.map((each) => [each.rank, each]));
  for (const [at, row] of [...ranks.children].entries()) fillRank(row, at + 1, doing.get(at + 1), now);
}

function fillRank(row, number, doing, now) {
  if (doing) row.dataset.phase = doing.phase;
  else delete row.dataset.phase;
  write(row, "rank", say("fleet.rank", { rank: number }));
  write(row, "phase", doing ? phase(doing.phase) : say("fleet.idle_rank"));
  write(row, "work", doing ? work(doing) : "");
  write(row, "seconds", doing ? seconds(now - doing.since) : "");
  const link = field(row, "work");
  show(link, Boolean(doing?.job));
  if (doing?.job) link.href = `/jobs/${encodeURIComponent(doing.job)}`;
}

/** A phase that this page does not know is told as it is called. */
const phase = (name) => (knows(`fleet.phases.${name}`) ? say(`fleet.phases.${name}`) : name);
