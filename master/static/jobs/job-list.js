// The list of jobs, alive: what the server rendered is kept up with what the API tells.

import { ago, cloned, field, fillJob, isOver, moment, show, write } from "../dom.js";
import { follow } from "../polling.js";

const list = document.getElementById("jobs");
const prototype = document.getElementById("job-row");
const empty = document.getElementById("empty");
const truncated = document.getElementById("truncated");
const uploads = document.getElementById("uploads");

const known = new Map([...list.children].map((row) => [row.dataset.id, row]));
const times = new Map();

function address() {
  const query = new URLSearchParams();
  if (list.dataset.state) query.set("state", list.dataset.state);
  if (list.dataset.batch) query.set("batch", list.dataset.batch);
  if (list.dataset.before) query.set("before", list.dataset.before);
  const text = query.toString();
  return `/api/jobs${text ? `?${text}` : ""}`;
}

function row(job) {
  let element = known.get(job.id);
  if (!element) {
    element = cloned(prototype);
    element.dataset.id = job.id;
    element.classList.add("fresh");
    const link = field(element, "name");
    link.href = `/jobs/${encodeURIComponent(job.id)}`;
    link.firstElementChild.textContent = job.name;
    known.set(job.id, element);
  }
  fillJob(element, job);
  const time = job.ended || job.created;
  times.set(job.id, time);
  const when = field(element, "when");
  when.dateTime = new Date(time * 1000).toISOString();
  when.title = moment(time);
  write(element, "when", ago(time));
  return element;
}

function changed(answer, fine) {
  if (!fine) return false;
  const jobs = answer.jobs.toSorted((one, other) => other.created - one.created);
  const wanted = new Set(jobs.map((job) => job.id));
  for (const [id, element] of known) {
    if (!wanted.has(id)) {
      element.remove();
      known.delete(id);
      times.delete(id);
    }
  }
  jobs.forEach((job, index) => {
    const element = row(job);
    // moving what is in its place already would lose its focus
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  show(truncated, answer.truncated);
  if (answer.next) {
    const older = new URL(location.href);
    older.searchParams.set("before", answer.next);
    truncated.querySelector("a").href = older.pathname + older.search;
  }
  refreshEmpty();
  return jobs.some((job) => !isOver(job));
}

/** Say that there is nothing only where there is nothing. */
export function refreshEmpty() {
  show(empty, !list.children.length && !uploads.children.length);
}

/** Keep the list up to date; returns what looks at once. */
export function followJobs() {
  const offline = document.getElementById("offline");
  setInterval(() => {
    if (!document.hidden) for (const [id, time] of times) write(known.get(id), "when", ago(time));
  }, 10000);
  return follow(address, changed, (reached) => show(offline, !reached)).now;
}
