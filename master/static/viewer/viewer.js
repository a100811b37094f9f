// Before and after: what can be zoomed on a canvas, all else as it can be shown.

import { show } from "../dom.js";
import { follow } from "../polling.js";
import { fillCopies, startCopies } from "./copies.js";
import { Desk } from "./desk.js";
import { openSeadragon } from "./library.js";
import { Plain } from "./plain.js";
import { showReport } from "./report.js";
import { imageOf, pictureOf } from "./sources.js";

const SIDES = ["input", "result"];

/** Start the viewer of a job's page; returns what is called with each new state of the job. */
export function startViewer(root) {
  const section = root.querySelector("#viewer");
  const part = (name) => section.querySelector(`[data-viewer="${name}"]`);
  const previews = section.dataset.previews !== undefined;
  const plain = new Plain(root, { previews });
  const [live, figures] = [part("live"), part("plain")];
  const found = { input: null, result: null };
  const problems = {};
  let desk = null;
  let told = "";
  let following = null;
  startCopies(part("copies"));

  function changed(job) {
    plain.fill(job);
    fillCopies(part("copies"), job);
    if (job.result_kind === "report") showReport(part("report"), job);
    const now = `${job.state}/${job.result_key}/${job.shows_tiles}`;
    if (now !== told) look(job).catch(() => (told = ""));
    told = now;
  }

  /** See what can be zoomed now. */
  async function look(job) {
    const running = job.state === "RUNNING" && job.shows_tiles;
    if (running) followPicture(job);
    else following = void following?.stop();
    await Promise.all(SIDES.map((side) => open(job, side)));
    if (!running) await put(job);
  }

  async function open(job, side) {
    const isImage = side === "input" ? Boolean(job.key) : job.state === "DONE" && job.result_kind === "image";
    if (previews && isImage && (side === "result" || !found.input)) {
      const { view, problem } = await imageOf(job, side);
      if (view || side === "input") found[side] = view;
      problems[side] = problem;
    }
    if (side === "result" && job.state === "DONE" && !found.result?.place && job.shows_tiles) await finished(job);
  }

  /** A large result without a preview of it: its own tiles, which the master shows. */
  function finished(job) {
    return new Promise((resolve) => {
      const once = follow(`/api/jobs/${encodeURIComponent(job.id)}/picture`, (answer, fine) => {
        once.stop();
        if (fine) found.result = pictureOf(job, answer);
        resolve();
      });
    });
  }

  function followPicture(job) {
    following ??= follow(`/api/jobs/${encodeURIComponent(job.id)}/picture`, (answer, fine) => {
      if (!fine || answer.state !== "RUNNING") return false;
      found.result = pictureOf(job, answer);
      const [whole] = answer.levels;
      put(job, whole.made / (whole.across * whole.down)).then(() => desk?.again());
      return true;
    });
  }

  async function put(job, made = 1) {
    if (!found.input && !found.result) return reveal(false);
    try {
      const library = await openSeadragon();
      reveal(true);
      desk ??= new Desk(library, live, found);
      desk.put(found, { made, problems: job.state === "DONE" ? problems : { input: problems.input } });
    } catch {
      reveal(false);
      show(part("trouble"), true);
    }
  }

  function reveal(zoomed) {
    show(live, zoomed);
    figures.classList.toggle("compare-links", zoomed);
    figures.classList.toggle("compare-shown", !zoomed);
    if (!zoomed) plain.show(problems);
  }

  return changed;
}
