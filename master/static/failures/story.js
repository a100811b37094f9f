// The story of a job, as the server renders it (templates/job_story.html): a line for each thing that happened.

import { cloned, field, moment, seconds, show, write } from "../dom.js";
import { say } from "../strings.js";
import { replaced } from "./rows.js";

const titleOf = (line) => say(`story.${line.kind}`, { number: line.number });

/** Where an attempt was, and how long it took. */
function factsOf(line) {
  const place = line.rank ? "story.on_rank" : "story.on";
  const where = line.host ? say(place, { host: line.host, rank: line.rank }) : "";
  return [where, seconds(line.seconds)].filter(Boolean).join(" · ");
}

function textOf(line, job) {
  if (line.kind === "entered") return job.pipeline ? say("story.entered_text", { pipeline: job.pipeline }) : "";
  if (line.kind === "retried") return say("story.retried_text");
  return line.outcome === "DONE" ? say("story.stored") : line.reason;
}

function outcomeOf(line) {
  if (line.outcome) return say(`story.outcome.${line.outcome}`);
  return line.kind === "attempt" ? say("story.attempt_open") : "";
}

function row(line, job) {
  const element = cloned(document.getElementById("story-line"));
  element.dataset.kind = line.kind;
  element.dataset.outcome = line.outcome;
  write(element, "at", moment(line.at));
  field(element, "at").dateTime = new Date(line.at * 1000).toISOString();
  const parts = { title: titleOf(line), outcome: outcomeOf(line), facts: factsOf(line), text: textOf(line, job) };
  for (const [name, text] of Object.entries(parts)) {
    write(element, name, text);
    show(field(element, name), Boolean(text));
  }
  const code = field(element, "code");
  code.href = `/docs#problem-${encodeURIComponent(line.code)}`;
  write(element, "code", line.code);
  show(code, Boolean(line.code));
  return element;
}

/** Show what has happened so far. */
export function fillStory(job) {
  const list = document.getElementById("story");
  replaced(list, job.story.map((line) => row(line, job)));
}
