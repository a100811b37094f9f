// Small pictures of jobs: asked for when their rows come into sight, a few at a time; where there is none, the state's art stays.

import { field } from "../dom.js";
import { picture, release } from "../pictures.js";

const AT_ONCE = 4;

const offered = document.getElementById("jobs-section").dataset.thumbnails === "true";
const waiting = new Set();
let running = 0;

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) waiting.add(target);
    else waiting.delete(target);
  }
  start();
});

function start() {
  for (const art of waiting) {
    if (running >= AT_ONCE) return;
    waiting.delete(art);
    observer.unobserve(art);
    if (!art.isConnected) continue;
    running += 1;
    load(art).finally(() => {
      running -= 1;
      start();
    });
  }
}

async function load(art) {
  const { job, side } = art.dataset;
  const image = new Image();
  image.alt = "";
  const there = await picture(image, `/api/jobs/${encodeURIComponent(job)}/thumbnail?side=${side}&absent=empty`).catch(() => false);
  if (there && art.dataset.side === side && art.isConnected) put(art, image);
  else release(image);
}

/** Show `images`, of which there is one at most, in the place of what is there. */
function put(art, ...images) {
  for (const old of art.querySelectorAll("img")) release(old);
  art.replaceChildren(...images);
}

const SIDES = { DONE: "result", RUNNING: "input", QUEUED: "input" };

/** Let a row have its job's picture: the result where there is one, the input until then. */
export function pictured(row, job) {
  const side = SIDES[job.state] ?? "";
  const art = field(row, "art");
  if (!offered || (art.dataset.side ?? "") === side) return;
  art.dataset.side = side;
  art.dataset.job = job.id;
  if (!side) put(art);
  else observer.observe(art);
}

/** A row that goes needs no picture, and what it showed is let go. */
export function unpictured(row) {
  const art = field(row, "art");
  observer.unobserve(art);
  waiting.delete(art);
  put(art);
}
