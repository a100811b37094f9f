// One row of the list: made from the template, filled with what the API tells.

import { ago, cloned, field, fillJob, moment, pixels, seconds, write } from "../dom.js";
import { say } from "../strings.js";
import { span } from "./spans.js";

const prototype = document.getElementById("job-row");

/** What the list keeps of a job: no more, for there may be a hundred thousand. */
export const kept = (job) => ({
  id: job.id,
  name: job.name,
  pipeline: job.pipeline,
  state: job.state,
  code: job.code,
  reason: job.reason,
  advice: job.advice,
  result_key: job.result_key,
  seconds: job.seconds,
  host: job.host,
  width: job.width,
  height: job.height,
  created: job.created,
  updated: job.updated,
  canRetry: job.remedies.includes("retry"),
  progress: job.progress,
});

/** An empty row for a job. */
export function madeRow(job) {
  const row = cloned(prototype);
  row.dataset.id = job.id;
  const link = field(row, "name");
  link.href = `/jobs/${encodeURIComponent(job.id)}`;
  link.firstElementChild.textContent = job.name;
  return row;
}

function units(progress) {
  if (!progress) return "";
  const { done, total, seconds_left: left } = progress;
  return left === null
    ? say("jobs.units", { done, total })
    : say("jobs.units_left", { done, total, time: span(left) });
}

function titled(row, name, title) {
  const element = field(row, name);
  if (element.title !== title) element.title = title;
}

/** Fill a row; what stays as it is is not touched. */
export function fillRow(row, job) {
  fillJob(row, job);
  titled(row, "pipeline", job.pipeline);
  titled(row, "why", `${job.reason} ${job.advice.replaceAll("`", "")}`);
  write(row, "size", pixels(job));
  write(row, "seconds", seconds(job.seconds));
  write(row, "host", job.host);
  titled(row, "host", job.host);
  write(row, "units", units(job.progress));
  const when = field(row, "when");
  const time = job.updated || job.created;
  const iso = new Date(time * 1000).toISOString();
  if (when.dateTime !== iso) {
    when.dateTime = iso;
    when.title = moment(time);
  }
  write(row, "when", ago(time));
}
