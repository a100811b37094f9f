// Drops: images that came together, sent some at a time, each known by the drop it came with.

import { focusPipeline, pipelineText } from "../builder/pipeline.js";
import { say } from "../strings.js";
import { apart } from "./apart.js";
import { newBatch, noteBatch } from "./batch.js";
import { Item, State } from "./item.js";
import { tellTrouble } from "./trouble.js";
import { showDrop } from "./view.js";

const AT_ONCE = 4;
// files that are named of those that were left out
const NAMED = 3;

// milliseconds for which a pipeline stays right before what waits for it is sent: who types passes by others that are right, too
const SETTLED = 2000;

const drops = new Set();
// baskets that came while the pipeline was wrong
const held = [];
const waiting = [];
let running = 0;

function pump() {
  while (running < AT_ONCE) {
    const next = waiting.findIndex((item) => !item.drop.paused);
    if (next < 0) return;
    const [item] = waiting.splice(next, 1);
    if (item.state !== State.WAITING) continue;
    running += 1;
    item.send().finally(() => {
      running -= 1;
      if (item.state === State.WAITING) waiting.unshift(item);
      pump();
    });
  }
}

/** Files dropped at once: one pipeline, one batch, by which the API knows their jobs. */
class Drop {
  constructor(found, { pipeline, batch, look, name }) {
    this.pipeline = pipeline;
    this.batch = batch;
    this.name = name;
    this.paused = false;
    this.items = found.map((each) => new Item(each, this));
    this.noting = false;
    this.noted = Promise.resolve();
    // before anybody asks how it stands
    this.note();
    this.view = showDrop(this, look);
    drops.add(this);
    this.changed();
    this.enqueue(this.items);
  }

  /** Tell the master how many jobs there will be; not of an upload that goes on, whose batch was noted when it began. */
  note() {
    if (this.goesOn || this.noting) return;
    this.noting = true;
    // one after the other, for the last one counts; once for all that are left out together
    this.noted = this.noted.then(() => {
      this.noting = false;
      // one that could not be sent is counted again when it is tried again
      return noteBatch(this.batch, this.items.length - this.in(State.SKIPPED, State.FAILED).length, this.name);
    });
  }

  /** Whether it is an upload that was begun before, in a batch that others may be of. */
  get goesOn() {
    return this.name === null;
  }

  changed() {
    this.view.changed();
  }

  enqueue(items) {
    for (const item of items) {
      if (item.isOver) item.become(State.WAITING);
      // one by one: some hundred thousand at once are more than a call takes
      waiting.push(item);
    }
    this.note();
    pump();
  }

  in(...states) {
    return this.items.filter((item) => states.includes(item.state));
  }

  pause() {
    this.paused = true;
    for (const item of this.items) item.pause();
    this.changed();
  }

  goOn() {
    this.paused = false;
    pump();
    this.changed();
  }

  callOff() {
    for (const item of this.items) if (item.state !== State.QUEUED && item.state !== State.SKIPPED) item.callOff();
    this.paused = false;
  }

  retry() {
    this.enqueue(this.in(State.FAILED));
  }

  /** What to do with files that were dropped before: "skip", "anyway", or "known", which takes what lies in the bucket. */
  decide(how) {
    const items = this.in(State.DUPLICATE);
    for (const item of items) {
      if (how === "anyway") item.anyway = true;
      else if (how === "known" && item.canUseKnown) item.takesKnown = true;
      else item.become(State.SKIPPED, say("upload.dropped_before"));
    }
    this.enqueue(items.filter((item) => item.state === State.DUPLICATE));
  }
}

function leftOut(paths) {
  const named = paths.slice(0, NAMED).join(", ");
  const names = paths.length > NAMED ? say("upload.and_more", { names: named }) : named;
  return say("upload.left_out", { count: paths.length, names });
}

/** Begin a drop. `look` makes the list of jobs look at once. */
export async function begin(basket, look) {
  if (basket.left.length) tellTrouble(leftOut(basket.left), "note");
  else tellTrouble("");
  if (!basket.found.length) return;
  const pipeline = pipelineText();
  if (pipeline === null) {
    held.push(basket);
    tellTrouble(say("upload.pipeline_first", { count: held.reduce((sum, { found }) => sum + found.length, 0) }));
    focusPipeline();
    goOnWithHeld(look);
    return;
  }
  const { fresh, known } = await apart(basket.found, pipeline).catch(() => ({ fresh: basket.found, known: [] }));
  for (const { upload, file } of known) resume(upload, file, look);
  if (fresh.length) new Drop(fresh, { pipeline, batch: newBatch(), look, name: nameOf(fresh) });
}

/** Begin with what is held as soon as the pipeline is right. */
function goOnWithHeld(look) {
  if (held.length > 1) return;
  let settling = 0;
  const heard = ({ detail }) => {
    clearTimeout(settling);
    if (detail.valid) settling = setTimeout(goOn, SETTLED);
  };
  const goOn = () => {
    document.removeEventListener("tilework:pipeline", heard);
    for (const basket of held.splice(0)) begin(basket, look);
  };
  document.addEventListener("tilework:pipeline", heard);
}

/** What a person calls these files: their common folder, or the only file's name. */
function nameOf(found) {
  const folders = new Set(found.map((each) => each.path.split("/").slice(0, -1)[0] ?? ""));
  const [folder] = folders;
  return folders.size === 1 && folder ? folder : found.length === 1 ? found[0].path : "";
}

/** Go on with what was begun: an upload of the same pipeline and batch. */
export const resume = (upload, file, look) =>
  new Drop([{ file, handle: upload.handle, path: upload.name }], {
    pipeline: upload.pipeline,
    batch: upload.batch,
    look,
    name: null,
  });

window.addEventListener("online", () => {
  for (const drop of drops) drop.enqueue(drop.in(State.FAILED).filter((item) => item.wasCutOff));
});
// what waits, also for a pipeline or for an answer, is nowhere but here
const isUnsent = (drop) => drop.in(State.WAITING, State.UPLOADING, State.DUPLICATE).length > 0;
window.addEventListener("beforeunload", (event) => {
  if (held.length || [...drops].some(isUnsent)) event.preventDefault();
});
