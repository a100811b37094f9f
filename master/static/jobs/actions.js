// What can be done to the selected jobs, all at once.

import { pipelineText } from "../builder/pipeline.js";
import { field } from "../dom.js";
import { order } from "../orders.js";
import { say } from "../strings.js";
import { resultsOfJobs } from "./downloads.js";
import { copyPaths, zip } from "./harvest.js";

const AT_ONCE = 4;

const bar = document.getElementById("selection");
const told = field(bar, "told");

const tell = (sentence) => (told.textContent = sentence);

/** Send one order a job, some at a time, and tell what came of them. */
async function orderAll(ids, addressOf, body, sentence, signal) {
  const waiting = [...ids];
  let [done, refused, reason] = [0, 0, ""];
  async function hand() {
    while (waiting.length && !signal.aborted) {
      const { answer, problem } = await order(addressOf(encodeURIComponent(waiting.shift())), body);
      if (answer) done += 1;
      else [refused, reason] = [refused + 1, problem];
      tell(say("jobs.working", { done: done + refused, total: ids.length }));
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
  const sentences = done || !refused ? [say(sentence, { count: done })] : [];
  if (refused) sentences.push(say("jobs.refused", { count: refused, reason }));
  tell(sentences.join(" "));
}

/** What acts on `selection` when the bar is clicked; `look()` is called where jobs have changed. */
export function actionsOn(selection, look) {
  let stop = null;
  const deeds = {
    zip: (ids, signal) => zip((until) => resultsOfJobs(ids, until), "results.zip", tell, signal),
    paths: (ids, signal) => copyPaths((until) => resultsOfJobs(ids, until), tell, signal),
    retry: (ids, signal) => orderAll(ids, (id) => `/api/jobs/${id}/retry`, {}, "jobs.retried", signal).then(look),
    cancel: (ids, signal) => orderAll(ids, (id) => `/api/jobs/${id}/cancel`, {}, "jobs.cancelled", signal).then(look),
    rerun(ids, signal) {
      const pipeline = pipelineText();
      if (pipeline === null) return tell(say("jobs.no_pipeline"));
      return orderAll(ids, (id) => `/api/jobs/${id}/rerun`, { pipeline }, "jobs.rerunning", signal).then(look);
    },
    clear: () => selection.all(false),
  };
  return async (event) => {
    const deed = deeds[event.target.closest("button")?.dataset.do];
    if (!deed) return;
    stop?.abort();
    stop = new AbortController();
    tell("");
    await deed([...selection.ids], stop.signal);
  };
}
