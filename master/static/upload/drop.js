// Images that a person drops, chooses or pastes: a few uploads at a time, each a row until its job is known.

import { bytes, cloned, field, isOver, show, write } from "../dom.js";
import { refreshEmpty } from "../jobs/job-list.js";
import { focusPipeline, pipelineText } from "../builder/pipeline.js";
import { follow } from "../polling.js";
import { say } from "../strings.js";
import { upload } from "./upload.js";

const AT_ONCE = 3;
const MOST_JOBS = 1000;

const rows = document.getElementById("uploads");
const prototype = document.getElementById("upload-row");
const zone = document.getElementById("drop");
const chooser = document.getElementById("files");
const trouble = document.getElementById("drop-error");

const waiting = [];
let running = 0;

// --- one upload ----------------------------------------------------------------------------------------------------

/** A file on its way; `row` is what the page shows of it. */
class Item {
  constructor(file, drop) {
    this.file = file;
    this.drop = drop;
    this.key = "";
    this.row = cloned(prototype);
    write(this.row, "name", file.name || "pasted.png");
    write(this.row, "pipeline", drop.pipeline);
    write(this.row, "size", bytes(file.size));
    this.state("WAITING", say("upload.waiting"));
    field(this.row, "retry").addEventListener("click", () => enqueue([this]));
  }

  state(name, text) {
    this.row.dataset.state = name;
    field(this.row, "state").dataset.state = name;
    write(this.row, "state", text);
    show(field(this.row, "retry"), name === "FAILED");
    show(field(this.row, "why"), name === "FAILED");
    show(field(this.row, "progress"), name === "UPLOADING");
    write(this.row, "percent", "");
  }

  async send() {
    this.state("UPLOADING", say("upload.uploading"));
    try {
      this.key = await upload(this.file, {
        pipeline: this.drop.pipeline,
        batch: this.drop.batch,
        progress: (part) => {
          field(this.row, "progress").value = part;
          write(this.row, "percent", `${Math.floor(part * 100)} %`);
        },
      });
      this.state("WAITING", say("upload.queued"));
      this.drop.look();
    } catch (error) {
      this.state("FAILED", say("upload.failed"));
      write(this.row, "why", error.message);
    }
  }
}

function enqueue(items) {
  waiting.push(...items);
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    waiting
      .shift()
      .send()
      .finally(() => {
        running -= 1;
        enqueue([]);
      });
  }
}

// --- one drop ------------------------------------------------------------------------------------------------------

/** The images dropped at once; the API finds their jobs by the drop's batch. */
class Drop {
  constructor(files, pipeline, lookAtList) {
    this.pipeline = pipeline;
    this.batch = crypto.randomUUID ? crypto.randomUUID() : String(Date.now() + Math.random());
    this.lookAtList = lookAtList;
    this.items = files.map((file) => new Item(file, this));
    this.open = new Set(this.items);
    this.summary = cloned(document.getElementById("drop-summary"));
    field(this.summary, "link").href = `/?${new URLSearchParams({ batch: this.batch })}`;
    this.tell([]);
    document.getElementById("drops").replaceChildren(this.summary);
    rows.prepend(...this.items.map((item) => item.row));
    refreshEmpty();
    const query = new URLSearchParams({ batch: this.batch, limit: String(MOST_JOBS) });
    this.following = follow(`/api/jobs?${query}`, (answer, fine) => this.changed(fine ? answer.jobs : []));
  }

  look() {
    this.following.now();
  }

  changed(jobs) {
    const known = new Set(jobs.map((job) => job.key));
    const arrived = [...this.open].filter((item) => known.has(item.key));
    if (arrived.length) {
      // the list shows the job before its upload's row goes
      this.lookAtList().then(() => {
        for (const item of arrived) item.row.remove();
        refreshEmpty();
      });
    }
    for (const item of arrived) this.open.delete(item);
    this.tell(jobs);
    if (jobs.filter(isOver).length === this.items.length) this.following.stop();
    return true;
  }

  tell(jobs) {
    const all = this.items.length;
    const ended = jobs.filter(isOver).length;
    const failed = jobs.filter((job) => isOver(job) && job.state !== "DONE").length;
    write(this.summary, "count", counted(ended, all));
    write(this.summary, "failed", failed ? say("upload.without", { count: failed }) : "");
    const progress = field(this.summary, "progress");
    progress.max = all;
    progress.value = ended;
    this.summary.dataset.ended = String(ended === all);
  }
}

function counted(ended, all) {
  if (all === 1) return say(ended ? "upload.finished" : "upload.on_its_way");
  return say(ended === all ? "upload.all_finished" : "upload.some_finished", { ended, all });
}

// --- hands ---------------------------------------------------------------------------------------------------------

function take(files, lookAtList) {
  const pipeline = pipelineText();
  const found = [...files];
  if (!found.length) return;
  const refused = pipeline === null ? say("upload.pipeline_first") : "";
  trouble.textContent = refused;
  show(trouble, Boolean(refused));
  if (refused) focusPipeline();
  else enqueue(new Drop(found, pipeline, lookAtList).items);
}

function filesOf(transfer) {
  const folders = [...transfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
  if (folders) {
    trouble.textContent = say("upload.folder");
    show(trouble, true);
    return [];
  }
  return transfer.files;
}

export function startDrop(lookAtList) {
  chooser.addEventListener("change", () => {
    take(chooser.files, lookAtList);
    // the same file may be chosen again
    chooser.value = "";
  });
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const over = (change) => (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = Math.max(0, depth + change);
    zone.classList.toggle("over", depth > 0);
  };
  window.addEventListener("dragenter", over(1));
  window.addEventListener("dragleave", over(-1));
  window.addEventListener("dragover", over(0));
  window.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    zone.classList.remove("over");
    take(filesOf(event.dataTransfer), lookAtList);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files ?? [], lookAtList));
  window.addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
}
