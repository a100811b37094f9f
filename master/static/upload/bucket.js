// What lies in the bucket already: looked through by prefix, and put to work without being uploaded again.

import { bytes, field, show, write } from "../dom.js";
import { newBatch, noteBatch } from "./batch.js";
import { Refused, asked, persist } from "./persist.js";
import { pipelineText, focusPipeline } from "../builder/pipeline.js";
import { say } from "../strings.js";

const AT_ONCE = 4;
// what is Tilework's own, and what only stands for a folder, is no image
const isImage = (version) =>
  version.is_latest && !version.key.startsWith(".tilework/") && !(version.key.endsWith("/") && version.size === 0);

const panel = document.getElementById("bucket");
const NOT_FOUND = 404;

/** Begin when the panel is opened for the first time. `look` makes the list of jobs look at once. */
export function startBucket(look) {
  const work = new Work(look);
  field(panel, "form").addEventListener("submit", (event) => {
    event.preventDefault();
    work.begin(field(panel, "prefix").value, event.submitter?.value ?? "look", field(panel, "all").checked);
  });
  field(panel, "stop").addEventListener("click", () => work.stop());
  work.begin("", "look", true);
}

class Work {
  constructor(look) {
    this.look = look;
    this.control = null;
  }

  stop() {
    this.control?.abort();
  }

  /** Only one thing at a time: "look", or "start" for all or for those that have no job. */
  async begin(prefix, what, all) {
    this.stop();
    const control = (this.control = new AbortController());
    tell("trouble", "");
    show(field(panel, "stop"), true);
    try {
      if (what === "look") await this.count(prefix, control.signal);
      else if (all) await this.rerun(prefix, control.signal);
      else await this.backfill(prefix, control.signal);
    } catch (error) {
      if (!control.signal.aborted) tell("trouble", error.message);
      else if (this.control === control) tell("told", say("bucket.stopped"));
      // what goes on beside what failed
      control.abort();
    }
    if (this.control === control) {
      show(field(panel, "stop"), false);
      show(field(panel, "progress"), false);
    }
  }

  async count(prefix, signal) {
    const seen = { count: 0, size: 0, names: [] };
    for await (const image of images(prefix, signal)) {
      seen.count += 1;
      seen.size += image.size;
      if (seen.names.length < 3) seen.names.push(image.key);
      if (seen.count % 1000 === 0) tell("told", say("bucket.so_far", { count: seen.count }));
    }
    tell("told", say("bucket.found", { count: seen.count, size: bytes(seen.size) }));
    tell("names", seen.names.join(", "));
    return seen.count;
  }

  /** Each image through the chosen pipeline, in a batch; one that went through it before is left alone. */
  async rerun(prefix, signal) {
    const pipeline = pipelineText();
    if (pipeline === null) {
      tell("trouble", say("bucket.pipeline_first"));
      focusPipeline();
      return;
    }
    const all = await this.count(prefix, signal);
    const batch = newBatch();
    await noteBatch(batch, all, prefix);
    const done = { seen: 0, queued: 0 };
    const found = images(prefix, signal);
    const line = async () => {
      for (let next = await found.next(); !next.done; next = await found.next()) {
        const body = { key: next.value.key, version: next.value.version, pipeline, batch };
        const queued = await this.queue(body, signal);
        signal.throwIfAborted();
        done.queued += queued;
        done.seen += 1;
        progress(done.seen, all);
        tell("told", say("bucket.queued_of", { ...done, all }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
    this.ended(done.queued, batch);
  }

  /** 1 where a job was queued, 0 where it was there already, or the image is gone. */
  async queue(body, signal) {
    try {
      return Number((await persist(() => asked("POST", "/api/jobs", body, signal), { signal })).queued);
    } catch (error) {
      if (error instanceof Refused && error.status === NOT_FOUND) return 0;
      throw error;
    }
  }

  /** Those that have no job, as their metadata, their folder or the deployment says. */
  async backfill(prefix, signal) {
    let after = "";
    const done = { seen: 0, queued: 0 };
    progress(null);
    do {
      const body = { prefix, after };
      const answer = await persist(() => asked("POST", "/api/backfill", body, signal), { signal });
      done.seen += answer.seen;
      done.queued += answer.queued;
      after = answer.after;
      tell("told", say("bucket.backfilled", done));
    } while (after);
    this.ended(done.queued, "");
  }

  ended(queued, batch) {
    tell("told", say("bucket.queued", { count: queued }));
    const link = field(panel, "link");
    show(link, Boolean(batch) && queued > 0);
    if (batch) link.href = `/?${new URLSearchParams({ batch })}`;
    this.look();
  }
}

async function* images(prefix, signal) {
  let after = "";
  do {
    const query = new URLSearchParams({ prefix, after });
    const answer = await persist(() => asked("GET", `/api/images?${query}`, null, signal), { signal });
    yield* answer.versions.filter(isImage);
    after = answer.after;
  } while (after);
}

function tell(name, text) {
  write(panel, name, text);
  show(field(panel, name), Boolean(text));
}

/** How far it is; null where nobody knows. */
function progress(done, all) {
  const bar = field(panel, "progress");
  show(bar, true);
  if (done === null) {
    bar.removeAttribute("value");
  } else {
    bar.max = Math.max(1, all);
    bar.value = done;
  }
}
