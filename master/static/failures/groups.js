// Reasons with their failed images: filled from the API, and ordered about.

import { ago, cloned, field, marked, moment, show, write } from "../dom.js";
import { follow } from "../polling.js";
import { knows, say } from "../strings.js";
import { rerunAll, retryAll } from "./again.js";
import { replaced } from "./rows.js";

const root = document.getElementById("failures");
const list = document.getElementById("reasons");
const { batch, before } = root.dataset;

function addressOf(path, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  return query.size ? `${path}?${query}` : path;
}

const titleOf = (group) =>
  knows(`failures.codes.${group.code}`) ? say(`failures.codes.${group.code}`) : group.sentence || group.code;

// --- what there is -------------------------------------------------------------------------------------------------

function exampleRow(example) {
  const row = cloned(document.getElementById("reason-example"));
  const link = field(row, "name");
  link.href = `/jobs/${encodeURIComponent(example.id)}`;
  link.firstElementChild.textContent = example.name;
  write(row, "reason", example.reason);
  const newer = field(row, "newer");
  newer.href = `/jobs/${encodeURIComponent(example.mended_by)}`;
  write(row, "newer", example.mended_by ? say("failures.newer_run") : "");
  show(newer, Boolean(example.mended_by));
  return row;
}

function mendingRow(each) {
  const row = cloned(document.getElementById("reason-mending"));
  write(row, "through", each.pipeline);
  return row;
}

function batchRow(each) {
  const row = cloned(document.getElementById("reason-batch"));
  const link = field(row, "batch");
  link.href = addressOf("/failures", { batch: each.batch });
  link.firstElementChild.textContent =
    each.name || (each.created ? say("batch.untitled_since", { since: ago(each.created) }) : each.batch);
  link.title = moment(each.created);
  const { count } = each;
  const size = Math.max(each.size, count);
  write(row, "batch-count", each.size ? say("failures.of_drop", { count, size }) : say("failures.such_as", { count }));
  write(row, "batch-example", each.example);
  return row;
}

function filled(element, group) {
  element.dataset.count = group.count - group.mended;
  write(element, "title", titleOf(group));
  write(element, "count", say("failures.count", { count: group.count }));
  marked(field(element, "advice"), group.advice);
  write(element, "hint", say(`failures.hint.${group.remedies[0] ?? "none"}`));
  show(field(element, "retry"), group.remedies.includes("retry"));
  show(field(element, "another"), group.remedies.includes("another_pipeline"));
  write(element, "mended-count", say("failures.mended", { count: group.mended, all: group.count }));
  replaced(field(element, "mended-by"), group.mended_by.map(mendingRow));
  show(field(element, "mended"), group.mended > 0);
  replaced(field(element, "examples"), group.examples.map(exampleRow));
  replaced(field(element, "batches"), group.batches.map(batchRow));
  show(field(element, "by-batch"), !batch && group.batches.length > 0);
  return element;
}

function made(group) {
  const element = cloned(document.getElementById("reason"));
  element.dataset.code = group.code;
  write(element, "code", group.code);
  field(element, "what").href = `/docs#problem-${encodeURIComponent(group.code)}`;
  field(element, "pipeline").value = group.examples[0]?.pipeline ?? "";
  field(element, "images").href = addressOf("/", { state: "FAILED", code: group.code, batch });
  for (const format of ["csv", "jsonl"]) {
    field(element, format).href = addressOf("/api/export", { format, code: group.code, batch });
  }
  return started(element);
}

function changed(answer, fine) {
  if (!fine) return false;
  const known = new Map([...list.children].map((element) => [element.dataset.code, element]));
  answer.groups.forEach((group, index) => {
    const element = filled(known.get(group.code) ?? made(group), group);
    known.delete(group.code);
    // moving what is in its place already would lose its focus
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  // one that was ordered about still has to say so
  for (const element of known.values()) {
    if (field(element, "told").hidden && field(element, "trouble").hidden) element.remove();
    else gone(element);
  }
  const intro = document.getElementById("failures-intro");
  intro.textContent = say(answer.next ? "failures.intro_more" : "failures.intro", { count: answer.counted });
  show(intro.parentElement, answer.counted > 0);
  const mended = document.getElementById("failures-mended");
  mended.textContent = say("failures.intro_mended", { count: answer.mended });
  show(mended, answer.mended > 0);
  show(document.getElementById("failures-none"), !list.children.length);
  return false;
}

function gone(element) {
  write(element, "count", say("failures.count", { count: 0 }));
  show(field(element, "retry"), false);
  show(field(element, "another"), false);
  show(field(element, "mended"), false);
}

// --- orders --------------------------------------------------------------------------------------------------------

function started(element) {
  const { code } = element.dataset;
  const places = { told: field(element, "told"), trouble: field(element, "trouble") };
  const buttons = element.querySelectorAll("button");

  async function ordered(order, done, none) {
    // one of the two: what went wrong is no success, to the eye or to the ear
    const tell = (sentence, place = "told") => {
      for (const [name, each] of Object.entries(places)) {
        marked(each, name === place ? sentence : "");
        show(each, name === place);
      }
    };
    for (const button of buttons) button.disabled = true;
    const { count, problem } = await order((so_far) => tell(say("failures.working", { count: so_far })));
    if (problem) tell(problem, "trouble");
    else tell(count ? say(done, { count }) : say(none));
    for (const button of buttons) button.disabled = false;
    following.now();
  }

  field(element, "retry").addEventListener("click", () =>
    ordered((so_far) => retryAll({ code, batch }, so_far), "failures.retried", "failures.retried_none"),
  );
  field(element, "rerun").addEventListener("submit", (event) => {
    event.preventDefault();
    const pipeline = field(element, "pipeline").value;
    ordered((so_far) => rerunAll({ code, batch, pipeline }, so_far), "failures.rerun", "failures.rerun_none");
  });
  // from here on a click is not lost
  field(element, "orders").inert = false;
  return element;
}

let following = null;

/** Keep the reasons up to date, and carry out what is ordered. */
export function startReasons() {
  for (const element of list.children) started(element);
  following = follow(addressOf("/api/failures", { batch, before }), changed);
}
