// What can be done to the selected jobs, all at once.

import { pipelineText } from "../builder/pipeline.js";
import { field, isOver, marked, show } from "../dom.js";
import { order } from "../orders.js";
import { pause } from "../patience.js";
import { say } from "../strings.js";
import { resultsOfJobs } from "./downloads.js";
import { copyPaths, zip } from "./harvest.js";

const AT_ONCE = 4;
// characters of a pipeline on a button
const LABEL = 40;

const bar = document.getElementById("selection");
const fold = document.querySelector(".studio-fold");
const button = (deed) => bar.querySelector(`[data-do="${deed}"]`);

const tell = (sentence) => marked(field(bar, "told"), sentence);

const may = { retry: (job) => job.canRetry, cancel: (job) => !isOver(job) };

/** What is said of those that an order is not for, state by state. */
function leftOut(jobs, sentence) {
  const states = new Map();
  for (const { state } of jobs) states.set(state, (states.get(state) ?? 0) + 1);
  return [...states].map(([state, count]) => say(sentence, { count, state: say(`jobs.state.${state}`) }));
}

/** Send one order a job, some at a time, and tell what came of them; `rest` are sentences about the others. */
async function orderAll(ids, addressOf, body, sentence, signal, rest = []) {
  const waiting = [...ids];
  let [done, there, refused, reason] = [0, 0, 0, ""];
  async function hand() {
    while (waiting.length && !signal.aborted) {
      const id = waiting.shift();
      const { answer, problem, seconds } = await order(addressOf(encodeURIComponent(id)), body);
      if (seconds) {
        waiting.unshift(id);
        // called off, it is not begun again
        await pause(seconds, signal).catch(() => {});
        continue;
      }
      if (!answer) [refused, reason] = [refused + 1, problem];
      else if (answer.queued === false) there += 1;
      else done += 1;
      tell(say("jobs.working", { done: done + there + refused, total: ids.length }));
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
  const sentences = done || !(there + refused) ? [say(sentence, { count: done })] : [];
  if (there) sentences.push(say("jobs.been_there", { count: there }));
  if (refused) sentences.push(say("jobs.refused", { count: refused, reason }));
  tell([...sentences, ...rest].join(" "));
}

/** `act(event)` does what was clicked in the bar of `selection`, `offer()` shows what could be; `look()` is called where jobs have changed. */
export function actionsOn(selection, look) {
  let stop = null;
  const chosen = () => [...selection.ids].map((id) => selection.jobs.known.get(id)).filter(Boolean);

  /** Order `deed` for those that it could be for, and say which it could not. */
  function orderFitting(deed, done, not, signal) {
    const jobs = chosen();
    const ids = jobs.filter(may[deed]).map((job) => job.id);
    const rest = leftOut(jobs.filter((job) => !may[deed](job)), not);
    return orderAll(ids, (id) => `/api/jobs/${id}/${deed}`, {}, done, signal, rest).then(look);
  }

  const deeds = {
    zip: (ids, signal) => zip((until) => resultsOfJobs(ids, until), "results.zip", tell, signal),
    paths: (ids, signal) => copyPaths((until) => resultsOfJobs(ids, until), tell, signal),
    retry: (ids, signal) => orderFitting("retry", "jobs.retried", "jobs.not_retried", signal),
    cancel: (ids, signal) => orderFitting("cancel", "jobs.cancelled", "jobs.not_cancelled", signal),
    rerun(ids, signal) {
      const pipeline = pipelineText();
      if (pipeline !== null) {
        return orderAll(ids, (id) => `/api/jobs/${id}/rerun`, { pipeline }, "jobs.rerunning", signal).then(look);
      }
      // where it is corrected must be seen
      if (fold) fold.open = true;
      return tell(say("jobs.no_pipeline"));
    },
    clear: () => selection.all(false),
  };

  /** A pipeline that is out of sight is named. */
  function name() {
    const text = fold && !fold.open ? pipelineText() : null;
    const short = text?.length > LABEL ? `${text.slice(0, LABEL)}…` : text;
    button("rerun").textContent = text ? say("jobs.rerun_named", { pipeline: short }) : say("jobs.rerun");
    button("rerun").title = text ?? "";
  }
  document.addEventListener("tilework:pipeline", name);
  fold?.addEventListener("toggle", name);

  return {
    offer() {
      const jobs = chosen();
      for (const deed of ["retry", "cancel"]) {
        const offered = jobs.some(may[deed]);
        // the keyboard goes on from the bar
        if (!offered && document.activeElement === button(deed)) button("clear").focus();
        show(button(deed), offered);
      }
      name();
    },
    async act(event) {
      const deed = deeds[event.target.closest("button")?.dataset.do];
      if (!deed) return;
      stop?.abort();
      stop = new AbortController();
      tell("");
      await deed([...selection.ids], stop.signal);
    },
  };
}
