// What the page shows of drops: a summary each, and of their files a few rows, however many there are.

import { bytes, cloned, field, show, write } from "../dom.js";
import { followCounts } from "./batch.js";
import { State } from "./item.js";
import { refreshEmpty } from "../jobs/job-list.js";
import { say } from "../strings.js";

const MOST_ROWS = 8;
const MOST_FAILED_ROWS = 4;
const MOST_NAMES = 3;
const EVERY_MS = 200;
// over which the speed is taken
const SPEED_MS = 10000;

const zone = document.getElementById("transfers");
const summaries = document.getElementById("drops");
const list = document.getElementById("uploads");
const more = document.getElementById("more-uploads");
const aloud = document.getElementById("transfers-told");

const views = new Set();
const rows = new Map();
let timer = 0;

/** Show a drop; what is over of earlier ones goes. `look` makes the list of jobs look at once. */
export function showDrop(drop, look) {
  for (const view of views) if (view.isOver) view.remove();
  const view = new DropView(drop, look);
  views.add(view);
  summaries.prepend(view.element);
  return view;
}

function schedule() {
  timer ||= setTimeout(() => {
    timer = 0;
    // what is on its way goes on only while this page is open
    const target = [...views].some((view) => view.drop.in(State.WAITING, State.UPLOADING).length) ? "_blank" : "";
    for (const view of views) {
      view.render();
      field(view.element, "link").target = target;
    }
    renderRows();
    show(zone, views.size > 0);
    refreshEmpty();
  }, EVERY_MS);
}

// --- a drop --------------------------------------------------------------------------------------------------------

class DropView {
  constructor(drop, look) {
    this.drop = drop;
    this.look = look;
    this.counts = { known: 0, ended: 0, failed: 0, size: null };
    this.speed = new Speed();
    this.said = "";
    this.element = cloned(document.getElementById("drop-summary"));
    field(this.element, "link").href = `/?${new URLSearchParams({ batch: drop.batch })}`;
    this.on("pause", () => (drop.paused ? drop.goOn() : drop.pause()));
    this.on("call-off", () => drop.callOff());
    this.on("retry", () => drop.retry());
    for (const how of ["skip", "anyway", "known"]) this.on(how, () => drop.decide(how));
    this.following = { now() {}, stop() {} };
    drop.noted.then(() => {
      if (!views.has(this)) return;
      this.following = followCounts(drop.batch, (counts) => this.follow(counts));
    });
  }

  on(name, act) {
    field(this.element, name).addEventListener("click", act);
  }

  changed() {
    schedule();
  }

  follow(counts) {
    const isNews = counts.known !== this.counts.known;
    this.counts = counts;
    // the list shows a job before its upload's row goes
    if (isNews) this.look().then(schedule);
    else schedule();
    return !this.isOver;
  }

  remove() {
    this.following.stop();
    this.element.remove();
    views.delete(this);
  }

  /** How many jobs there will be: of a file that goes on, those of the batch that it was begun with. */
  get all() {
    const own = this.drop.items.length - this.drop.in(State.SKIPPED).length;
    return own && this.drop.goesOn ? Math.max(own, this.counts.size ?? 0) : own;
  }

  get isOver() {
    return this.drop.items.every((item) => item.isOver && item.state !== State.DUPLICATE) && this.isDone;
  }

  get isDone() {
    const sent = this.drop.goesOn ? this.all : this.drop.in(State.QUEUED).length;
    return this.counts.ended >= sent && !this.drop.in(State.FAILED).length;
  }

  render() {
    const { drop, element } = this;
    const open = drop.in(State.WAITING, State.UPLOADING);
    const sent = drop.in(State.QUEUED);
    if (sent.length !== this.sentBefore) this.following.now();
    this.sentBefore = sent.length;
    this.renderFinished();
    show(field(element, "sending"), open.length > 0);
    if (open.length) this.renderSending(open, sent);
    this.renderQuestion(drop.in(State.DUPLICATE));
    const failed = drop.in(State.FAILED);
    show(field(element, "unsent"), failed.length > 0);
    write(element, "unsent-count", say("upload.unsent", { count: failed.length }));
    this.sayAloud(open, sent, failed);
    if (this.isOver) this.following.stop();
  }

  renderFinished() {
    const { element, all } = this;
    const { ended, failed } = this.counts;
    // the question that then stands below tells how many there are
    const asks = all > 0 && this.drop.in(State.DUPLICATE).length === all;
    show(field(element, "head"), !asks);
    // what sent nothing is no batch
    show(field(element, "link"), all > 0);
    write(element, "count", asks ? "" : all ? finished(ended, all) : say("upload.nothing"));
    write(element, "failed", failed ? say("upload.without", { count: failed }) : "");
    const skipped = this.drop.in(State.SKIPPED).length;
    write(element, "skipped", skipped ? say("upload.skipped", { count: skipped }) : "");
    const progress = field(element, "progress");
    show(progress, !asks);
    progress.max = Math.max(1, all);
    progress.value = ended;
    element.dataset.ended = String(ended >= all);
  }

  renderSending(open, sent) {
    const { drop, element } = this;
    const wanted = [...open, ...sent];
    const total = sum(wanted, "size");
    const done = sum(wanted, "sent");
    const progress = field(element, "sent-progress");
    progress.max = Math.max(1, total);
    progress.value = done;
    const cut = isCut(open);
    const told = [
      say("upload.sent", { done: sent.length, all: wanted.length }),
      say("upload.of_bytes", { done: bytes(done), all: bytes(total) }),
      drop.paused ? say("upload.is_paused") : cut ? say("upload.line_cut") : left(this.speed.left(done, total)),
    ];
    write(element, "sent", told.filter(Boolean).join(" · "));
    element.dataset.cut = String(cut && !drop.paused);
    write(element, "pause", drop.paused ? say("upload.go_on") : say("upload.pause"));
  }

  renderQuestion(again) {
    const { element } = this;
    show(field(element, "question"), again.length > 0);
    if (!again.length) return;
    write(element, "again", say("upload.again", { count: again.length }));
    const names = again.slice(0, MOST_NAMES).map((item) => item.path);
    if (again.length > MOST_NAMES) names.push(say("upload.more", { count: again.length - MOST_NAMES }));
    write(element, "again-names", names.join(", "));
    const usable = again.filter((item) => item.canUseKnown).length;
    show(field(element, "known"), usable > 0);
    write(element, "known", say("upload.use_known", { count: usable }));
  }

  /** For who does not see the page: what begins, what ends, and what goes wrong; not each file. */
  sayAloud(open, sent, failed) {
    const asked = this.drop.in(State.DUPLICATE).length;
    let text = asked ? say("upload.again", { count: asked }) : say("upload.all_sent", { count: sent.length });
    if (isCut(open)) text = say("upload.line_cut");
    else if (open.length) text = say("upload.sending_some", { count: open.length + sent.length });
    if (failed.length) text = `${text} ${say("upload.unsent", { count: failed.length })}`;
    const settled = open.length ? text.replace(/\d/g, "") : text;
    if (this.said !== settled) aloud.textContent = text;
    this.said = settled;
  }
}

function finished(ended, all) {
  if (all === 1) return say(ended ? "upload.finished" : "upload.on_its_way");
  return say(ended >= all ? "upload.all_finished" : "upload.some_finished", { ended, all });
}

/** Whether nothing moves for now. */
const isCut = (open) => {
  const moving = open.filter((item) => item.state === State.UPLOADING);
  return moving.length > 0 && moving.every((item) => item.trouble);
};

const sum = (items, name) => items.reduce((total, item) => total + item[name], 0);

/** How long it takes still, from how it went lately. */
class Speed {
  constructor() {
    this.points = [];
  }

  /** Seconds that the rest takes; 0 where nobody knows yet. */
  left(done, total) {
    const now = performance.now();
    this.points.push([now, done]);
    while (this.points.length > 2 && this.points[0][0] < now - SPEED_MS) this.points.shift();
    const [since, before] = this.points[0];
    const speed = (done - before) / (now - since);
    return now - since > 1000 && speed > 0 ? (total - done) / speed / 1000 : 0;
  }
}

function left(seconds) {
  if (!seconds) return "";
  if (seconds < 60) return say("upload.seconds_left", { count: Math.ceil(seconds) });
  if (seconds < 3600) return say("upload.minutes_left", { count: Math.ceil(seconds / 60) });
  return say("upload.hours_left", { count: Math.ceil(seconds / 3600) });
}

// --- rows ----------------------------------------------------------------------------------------------------------

function renderRows() {
  const [chosen, others] = chosenItems();
  const wanted = new Set(chosen);
  for (const [item, row] of rows) {
    if (!wanted.has(item)) {
      row.remove();
      rows.delete(item);
    }
  }
  chosen.forEach((item, index) => {
    const row = rows.get(item) ?? newRow(item);
    fill(row, item);
    // moving what is in its place already would lose its focus
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
  more.textContent = others ? say("upload.more", { count: others }) : "";
  show(more, others > 0);
}

/** The files to be shown, and how many are not: what failed and what is on its way before what waits. */
function chosenItems() {
  const all = [...views].flatMap((view) => {
    const queued = view.drop.in(State.QUEUED);
    return [...view.drop.in(State.FAILED, State.UPLOADING, State.WAITING), ...queued.slice(view.counts.known)];
  });
  const of = (state) => all.filter((item) => item.state === state);
  const sorted = [
    ...of(State.FAILED).slice(0, MOST_FAILED_ROWS),
    ...of(State.UPLOADING),
    ...of(State.WAITING),
    ...of(State.QUEUED),
    ...of(State.FAILED).slice(MOST_FAILED_ROWS),
  ];
  const chosen = new Set(sorted.slice(0, MOST_ROWS));
  // in the order in which they were dropped
  return [all.filter((item) => chosen.has(item)), sorted.length - chosen.size];
}

const badges = {
  [State.WAITING]: "upload.waiting",
  [State.UPLOADING]: "upload.uploading",
  [State.QUEUED]: "upload.queued",
  [State.FAILED]: "upload.failed",
};

function newRow(item) {
  const row = cloned(document.getElementById("upload-row"));
  rows.set(item, row);
  write(row, "name", item.path);
  write(row, "pipeline", item.drop.pipeline);
  write(row, "size", bytes(item.size));
  field(row, "retry").addEventListener("click", () => item.drop.enqueue([item]));
  field(row, "call-off").addEventListener("click", () => item.callOff());
  field(row, "call-off").setAttribute("aria-label", say("upload.call_off_one", { name: item.path }));
  return row;
}

function fill(row, item) {
  const isUploading = item.state === State.UPLOADING;
  row.dataset.state = item.state;
  field(row, "state").dataset.state = item.state;
  write(row, "state", item.trouble ? say("upload.cut_off") : say(badges[item.state]));
  show(field(row, "retry"), item.state === State.FAILED && item.canRetry);
  show(field(row, "call-off"), item.state !== State.QUEUED);
  const why = item.trouble || item.reason;
  write(row, "why", why);
  show(field(row, "why"), Boolean(why));
  const progress = field(row, "progress");
  show(progress, isUploading);
  progress.value = item.size ? item.sent / item.size : 1;
  write(row, "percent", isUploading ? `${Math.floor(progress.value * 100)} %` : "");
}
