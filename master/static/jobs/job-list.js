// The list of jobs, alive: what the server rendered is taken over, kept up to date, and goes on as one scrolls.

import { ago, field, isOver, show, write } from "../dom.js";
import { later } from "../later.js";
import { follow, seen as isSeen } from "../polling.js";
import { mayPass } from "../problems.js";
import { say } from "../strings.js";
import { followFilters, query } from "./filters.js";
import { Jobs } from "./jobs.js";
import { Keyboard } from "./keyboard.js";
import { fillRow, madeRow } from "./row.js";
import { Selection } from "./selection.js";
import { pictured, unpictured } from "./thumbnails.js";
import { Window } from "./window.js";

const table = document.getElementById("job-table");
const list = document.getElementById("jobs");
const empty = document.getElementById("empty");
const truncated = document.getElementById("truncated");
const uploads = document.getElementById("uploads");
const fresh = document.getElementById("fresh");
const bar = document.getElementById("selection");

// as many as one request asks for, of those that may still change
const IDS_AT_ONCE = 50;
const FINAL = new Set(["DONE", "SKIPPED"]);

const jobs = new Jobs(query, () => render());
const selection = new Selection(jobs, picked);
const rows = new Window(list, { get order() { return jobs.order; }, make, fill, unmake: unpictured }, drawn);
const keyboard = new Keyboard(rows, jobs, selection);

// what is done with many jobs is loaded when one is picked
let actions = async () => {};

function offer(then = () => {}) {
  if (selection.ids.size) actions().then((deeds) => then(deeds.offer()), () => {});
}

// the row that has the keyboard must not lie behind the bar that appears
function picked() {
  rows.soon();
  offer(() => list.contains(document.activeElement) && rows.show(keyboard.index));
}

function make(id) {
  const job = jobs.known.get(id);
  const row = madeRow(job);
  row.classList.toggle("fresh", jobs.loaded && job.updated > Date.now() / 1000 - 2);
  return row;
}

function fill(row, id, index) {
  const job = jobs.known.get(id);
  fillRow(row, job);
  pictured(row, job);
  const isPicked = selection.has(id);
  field(row, "pick").checked = isPicked;
  row.setAttribute("aria-selected", String(isPicked));
  row.setAttribute("aria-rowindex", String(index + 2));
}

function drawn(first, last) {
  keyboard.mark();
  // who has not scrolled yet may not want more than is seen
  const ahead = rows.scrolled ? 2 * (last - first) : 0;
  if (last >= jobs.order.length - ahead) jobs.more();
}

function render() {
  if (!jobs.loaded) return;
  // what the server rendered goes when the first answer is there
  for (const row of list.querySelectorAll('[role="row"]:not([aria-rowindex])')) row.remove();
  // whoever reads further down keeps what they read, though it fits no more
  if (!rows.scrolled) dropUnfit();
  table.setAttribute("aria-rowcount", jobs.next ? "-1" : String(jobs.order.length + 1));
  refreshEmpty();
  tellMore();
  tellFresh();
  rows.draw();
  offer();
}

function dropUnfit() {
  const wanted = [...query()].filter(([name]) => name === "state" || name === "code");
  if (!wanted.length) return;
  jobs.drop((id) => wanted.some(([name, value]) => jobs.known.get(id)[name] !== value));
}

function tellMore() {
  const searching = query().has("search") || query().has("code");
  const stuck = Boolean(jobs.next) && searching;
  show(truncated, stuck || (Boolean(jobs.next) && !jobs.order.length));
  if (stuck) write(truncated, "told", say("jobs.searched", { count: jobs.searched }));
}

function tellFresh() {
  const count = jobs.waiting.length;
  const text = jobs.lost ? say("jobs.many_fresh", { count }) : say("jobs.fresh", { count });
  if (count && fresh.textContent !== text) fresh.textContent = text;
  show(fresh, count > 0);
}

/** Say that there is nothing only where there is nothing. */
export function refreshEmpty() {
  const nothing = jobs.loaded ? !jobs.order.length : !list.children.length;
  show(table, !nothing);
  show(empty, nothing && !jobs.next && !uploads.children.length);
}

// --- news ------------------------------------------------------------------------------------------------------------------

// which list news were asked for
let generation = 0;

function askedForNews() {
  generation = jobs.generation;
  return refusal ? "" : jobs.news;
}

function heard(answer, fine) {
  // of a list that is another one by now
  if (generation !== jobs.generation) return null;
  if (!fine) return false;
  if (jobs.heard(answer, rows.scrolled)) jobs.reload().catch(() => {});
  tidy();
  return answer.jobs.some((job) => !isOver(job));
}

/** Rows move where nobody reads, points, selects or steps through them, and not while each answer would move them again. */
function tidy() {
  if (rows.scrolled || selection.ids.size || list.matches(":hover, :focus-within")) return;
  if (jobs.order.slice(rows.first, rows.last).every((id) => isOver(jobs.known.get(id)))) jobs.tidy();
}

let asked = [];

/** Where to ask how those stand that are in sight and may still change. */
function inSight() {
  const ids = jobs.order.slice(rows.first, rows.last).filter((id) => !FINAL.has(jobs.known.get(id).state));
  asked = (query().has("state") ? ids : ids.filter((id) => !isOver(jobs.known.get(id)))).slice(0, IDS_AT_ONCE);
  return jobs.loaded && asked.length ? `/api/jobs?ids=${asked.join(",")}` : "";
}

function seen(answer, fine) {
  if (!fine) return false;
  jobs.refreshed(asked, answer.jobs);
  tidy();
  return answer.jobs.some((job) => !isOver(job));
}

const offline = document.getElementById("offline");
// why the list is none, where the filter is wrong
let refusal = "";

function tellOffline(sentence) {
  if (sentence) offline.textContent = sentence;
  show(offline, Boolean(sentence));
}

const isRefused = ({ cause: status }) => status >= 400 && !mayPass(status);

let loads = 0;

/** Load the list anew, until somebody answers; where that is begun again meanwhile, the later one goes on alone. */
async function start() {
  const mine = ++loads;
  refusal = "";
  for (let pause = 1000; mine === loads; pause = Math.min(2 * pause, 30000)) {
    try {
      await jobs.reload();
      if (mine === loads) tellOffline("");
      return;
    } catch (error) {
      if (mine !== loads) return;
      // to ask the same again would help nobody
      if (isRefused(error)) return tellOffline((refusal = error.message));
      tellOffline(say("jobs.offline"));
      await new Promise((then) => setTimeout(then, pause));
      await isSeen();
    }
  }
}

/** Keep the list up to date; returns what looks at once. */
export function followJobs() {
  table.setAttribute("role", "grid");
  table.setAttribute("aria-multiselectable", "true");
  setInterval(() => {
    if (document.hidden) return;
    for (const [id, row] of rows.elements) write(row, "when", ago(jobs.known.get(id)?.updated ?? 0));
  }, 10000);
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-id]");
    if (row && event.target === field(row, "pick")) {
      selection.toggle(jobs.order.indexOf(row.dataset.id), { through: event.shiftKey, on: event.target.checked });
    }
  });
  list.addEventListener("pointerleave", tidy);
  fresh.addEventListener("click", async () => {
    if (jobs.admit()) await jobs.reload();
    rows.show(0);
    render();
    keyboard.go(0);
  });
  truncated.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    jobs.more({ asked: true });
  });
  followFilters(
    () => {
      selection.all(false);
      document.dispatchEvent(new CustomEvent("tilework:filters"));
      start();
    },
    () => rows.draw(),
  );
  const batch = document.getElementById("batch") && import("./batch.js").then(({ startBatch }) => startBatch());
  const news = follow(askedForNews, heard, (reached) => refusal || tellOffline(reached ? "" : say("jobs.offline")));
  const sight = follow(inSight, seen);
  const look = async () => {
    batch?.then((lookAtBatch) => lookAtBatch());
    // whoever reads further down is not thrown back to the beginning
    await (rows.scrolled ? Promise.all([news.now(), sight.now()]) : start());
    selection.keep();
  };
  actions = later(async () => (await import("./actions.js")).actionsOn(selection, look));
  bar.addEventListener("click", async (event) => {
    try {
      await (await actions()).act(event);
    } catch {
      write(bar, "told", say("page.no_answer"));
    }
  });
  start().then(() => {
    news.now();
    sight.now();
  });
  return look;
}
