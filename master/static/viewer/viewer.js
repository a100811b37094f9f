// Before and after: what can be zoomed on a canvas, all else as it can be shown.

import { isOver, pixels, show, write } from "../dom.js";
import { seen } from "../polling.js";
import { say } from "../strings.js";
import { fillCopies, startCopies } from "./copies.js";
import { Desk } from "./desk.js";
import { openSeadragon } from "./library.js";
import { Plain } from "./plain.js";
import { showReport } from "./report.js";
import { BEING_READ, imageOf, pictureOf, resultOf } from "./sources.js";

const SIDES = ["input", "result"];
// seconds after which an image is looked at again that could not be for now; they double
const SOONEST = 1;
const LATEST = 64;
// when they are so many, a picture of the page may do instead
const PATIENCE = 8;
// of one that is being read, for each request reads on
const READ_ON = 0.5;

/** Start the viewer of a job's page; returns what is called with each new state of the job. */
export function startViewer(root) {
  const section = root.querySelector("#viewer");
  const part = (name) => section.querySelector(`[data-viewer="${name}"]`);
  const previews = section.dataset.previews !== undefined;
  const plain = new Plain(root, { previews });
  const found = { input: null, result: null };
  const problems = {};
  const opened = {};
  let desk = null;
  let made = 1;
  let newest = null;
  let latest = null;
  let shown = "";
  let looking = false;
  let waits = false;
  let pause = SOONEST;
  let timer = 0;
  startCopies(part("copies"));

  function changed(job) {
    plain.fill(job);
    fillCopies(part("copies"), job);
    if (job.result_kind === "report") showReport(part("report"), job);
    // what is written of the making is over with it, though the whole has still to be opened
    if (isOver(job)) part("note").textContent = "";
    tellSize(job);
    newest = job;
    lookAgain();
  }

  function lookAgain() {
    latest = newest;
    clearTimeout(timer);
    if (!looking) look();
  }

  /** Look once more after a while, when somebody sees it. */
  function lookLater() {
    clearTimeout(timer);
    const reads = SIDES.some(isBeingRead);
    timer = setTimeout(() => seen().then(lookAgain), 1000 * (reads ? READ_ON : pause));
    pause = reads ? SOONEST : Math.min(LATEST, 2 * pause);
  }

  /** Why a side is not shown; nothing where it is only not shown yet. */
  const reasonOf = (side) => (isBeingRead(side) ? null : problems[side]);

  const isBeingRead = (side) => problems[side]?.code === BEING_READ;

  /** See what can be zoomed now, and again if the job has changed meanwhile. */
  async function look() {
    looking = true;
    try {
      while (latest) {
        const job = latest;
        latest = null;
        const settled = await Promise.all(SIDES.map((side) => open(job, side)));
        waits = SIDES.some(isBeingRead) || (!settled.every(Boolean) && pause < PATIENCE);
        tellReading();
        tellSize(job);
        const news = JSON.stringify([job.state, made, waits, SIDES.map((side) => [found[side]?.version, reasonOf(side)])]);
        // what is shown already is not put once more: somebody may be looking around in it
        if (news !== shown) {
          shown = news;
          await put(job);
        }
        if (settled.every(Boolean)) pause = SOONEST;
        else if (!latest) lookLater();
      }
    } catch {
      // nobody answers; a job that is over has no next change with which to look
      lookLater();
    }
    looking = false;
  }

  /** Open a side as far as it is there; whether that was told for good. */
  async function open(job, side) {
    if (side === "result" && job.state === "RUNNING") return making(job).then(() => true);
    const isThere = side === "input" ? Boolean(job.key) : job.state === "DONE" && job.result_kind === "image";
    const state = side === "input" ? job.version : `${job.state} ${job.result_key}`;
    if (!isThere || opened[side] === state) return true;
    let settled = true;
    let isOpen = false;
    if (previews) {
      const { view, problem, isBusy } = await imageOf(job, side);
      isOpen = Boolean(view);
      problems[side] = problem;
      settled = !isBusy;
      // what was there stays until more is known
      if (settled) found[side] = view;
    }
    // without a preview of it a large result is shown by its own tiles
    if (side === "result" && job.shows_tiles && !isOpen) {
      const told = await pictureOf(job);
      found.result = resultOf(job, told) ?? (settled ? null : found.result);
      // what was told while it was made is not all of it
      if (told && told.state !== job.state) return false;
    }
    if (side === "result") made = 1;
    if (settled) opened[side] = state;
    return settled;
  }

  /** A result that is being made: what there is of it already. */
  async function making(job) {
    const told = job.shows_tiles ? await pictureOf(job) : null;
    if (!told || told.state !== "RUNNING") return;
    const [whole] = told.levels;
    found.result = resultOf(job, told);
    made = whole.made / (whole.across * whole.down);
  }

  /** Without a result the size is that of the image, as far as that can be read. */
  function tellSize(job) {
    if (!job.width && found.input) write(root, "size", pixels(found.input));
  }

  /** Say that an image is read, and how far. */
  function tellReading() {
    const side = SIDES.find(isBeingRead);
    const told = part("reading");
    show(told, Boolean(side));
    if (!side) return;
    const text = say(`viewer.${side}_being_read`);
    // who listens is told once, not with each percent
    if (told.firstElementChild.textContent !== text) told.firstElementChild.textContent = text;
    told.lastElementChild.value = problems[side].percent;
  }

  async function put(job) {
    const running = job.state === "RUNNING";
    if (!found.input && !found.result) return reveal(false);
    let library;
    try {
      library = await openSeadragon();
    } catch {
      reveal(false);
      show(part("trouble"), true);
      // the next look tries again
      shown = "";
      return;
    }
    show(part("trouble"), false);
    reveal(true);
    desk ??= new Desk(library, part("live"), found);
    const reasons = Object.fromEntries(SIDES.map((side) => [side, reasonOf(side)]));
    const isPart = found.result && (running || made < 1);
    desk.put(found, { made: isPart ? Math.min(made, 0.9999) : 1, problems: reasons });
  }

  function reveal(zoomed) {
    const figures = part("plain");
    // what is still to be told may be zoomed: no picture in its place, and no word that there is none
    const isPlain = !zoomed && !waits;
    if (isPlain) plain.show(problems);
    show(part("live"), zoomed);
    figures.classList.toggle("compare-links", !isPlain);
    figures.classList.toggle("compare-shown", isPlain);
  }

  return changed;
}
