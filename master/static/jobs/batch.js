// A batch seen as a whole: how many are done, failed, still to come; and its results in one piece.

import { field, show } from "../dom.js";
import { follow } from "../polling.js";
import { say } from "../strings.js";
import { resultsOfBatch } from "./downloads.js";
import { copyPaths, saveScript, zip } from "./harvest.js";
import { span } from "./spans.js";

/**
 * Follow a batch: `changed(batch)` hears how it stands (as `GET /api/batches/{batch}` tells it) until it is over.
 * Returns what looks at once, for an order may have begun it anew.
 */
function followBatch(name, changed) {
  const address = `/api/batches/${encodeURIComponent(name)}`;
  let over = false;
  const following = follow(
    () => (over ? "" : address),
    (batch, fine) => {
      if (!fine) return true;
      changed(batch);
      over = batch.over;
      return !over;
    },
  );
  return () => {
    over = false;
    return following.now();
  };
}

/** How many are done and failed of how many, in a sentence. */
function countsOf({ states, failed, size }) {
  const done = states.DONE;
  if (size === null) return say("batch.done_unknown", { done, failed });
  return failed ? say("batch.done_failed", { done, failed, size }) : say("batch.done", { done, size });
}

/** What is still to come, in a sentence. */
function restOf({ states, waiting, seconds_left: left, over }) {
  const parts = [];
  if (states.RUNNING) parts.push(say("batch.running", { count: states.RUNNING }));
  if (waiting + states.QUEUED) parts.push(say("batch.waiting", { count: waiting + states.QUEUED }));
  if (left && !over) parts.push(say("batch.left", { time: span(left) }));
  if (over) parts.push(say("batch.over"));
  return parts.join(" · ");
}

function fill(root, batch) {
  root.dataset.over = String(batch.over);
  field(root, "counts").textContent = countsOf(batch);
  field(root, "rest").textContent = restOf(batch);
  const progress = field(root, "progress");
  if (batch.size) {
    progress.max = batch.size;
    progress.value = batch.ended;
    const done = field(root, "done");
    done.max = batch.size;
    done.value = batch.ended - batch.failed;
    show(done, true);
  }
  const failures = field(root, "failures");
  failures.textContent = say("batch.failures", { count: batch.failed });
  show(failures, batch.failed > 0);
}

const two = (number) => String(number).padStart(2, "0");

/** What a file with its results is called: as the batch is, or, where only a program named it, by when it began. */
function fileOf({ batch, title, created }) {
  const made = /^[\da-f-]{16,}$/i.test(batch) && Number(created);
  const date = new Date(1000 * created);
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()];
  const name = title || (made ? `drop-${parts.map(two).join("-")}` : batch);
  return name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_");
}

/** Bring the page's batch to life, where it shows one. Returns what looks at it at once. */
export function startBatch() {
  const root = document.getElementById("batch");
  if (!root) return () => {};
  const name = root.dataset.batch;
  const results = (signal) => resultsOfBatch(name, signal);
  const tell = (sentence) => (field(root, "told").textContent = sentence);
  const file = fileOf(root.dataset);
  let stop = null;
  root.addEventListener("click", (event) => {
    const wanted = event.target.closest("button")?.dataset.do;
    if (!wanted) return;
    stop?.abort();
    stop = new AbortController();
    tell("");
    if (wanted === "zip") zip(results, `${file}.zip`, tell, stop.signal);
    else if (wanted === "paths") copyPaths(results, tell, stop.signal);
    else saveScript(results, `${file}.sh`, tell, stop.signal);
  });
  // from here on a click is not lost
  field(root, "deeds").inert = false;
  // of a batch that nobody has heard of there is nothing to follow
  if (!root.dataset.known) return () => {};
  return followBatch(name, (batch) => fill(root, batch));
}
