// The live preview: a region of the real image as the pipeline makes it, while a slider moves.

import { show } from "../dom.js";
import { ask } from "../session.js";
import { say } from "../strings.js";
import { startChoice } from "./choice.js";
import { latest } from "./latest.js";
import { chart, mark, startMap } from "./map.js";
import { NotShown } from "./regions.js";
import { MIDDLE, worthSeeing } from "./spot.js";
import { clear, extent, put, startStage } from "./stage.js";

const ZOOMS = [1, 2, 4, 8, 16];

// milliseconds without an answer from which on it is seen that something is under way
const SLOW = 400;
// milliseconds that the small picture of the whole is waited for, by which the first region is chosen
const WHOLE = 700;

const section = document.getElementById("preview");
const exact = document.getElementById("preview-exact");
const time = document.getElementById("preview-time");
const problem = document.getElementById("preview-problem");
const stage = document.getElementById("preview-stage");
const scale = document.getElementById("preview-scale");

const wish = { image: null, pipeline: "", valid: false, zoom: 0, ...MIDDLE };
const work = latest();
// of the image that is shown: the result's size, the region before, and the depth of each side
let known = nothing(null);
let next = null;
// where somebody pointed before its first region was chosen
let pointed = null;
let mostPixels = 0;
let seen = true;
let stale = false;

function nothing(image) {
  return { image, size: null, before: "", levels: null, beforeType: "", afterType: "" };
}

// --- what is asked for -------------------------------------------------------------------------------------------------

/** The region that fills the stage, around the point that is looked at, within the result. */
function region(size) {
  const { width, height } = extent();
  const factor = ZOOMS[wish.zoom];
  const wanted = { width: Math.max(1, Math.ceil(width / factor)), height: Math.max(1, Math.ceil(height / factor)) };
  const shrink = Math.min(1, Math.sqrt(mostPixels / (wanted.width * wanted.height)));
  const side = (whole, length, share) => {
    const extent = Math.max(1, Math.min(whole ?? Infinity, Math.floor(length * shrink)));
    const start = whole ? Math.round(whole * share - extent / 2) : 0;
    return [Math.max(0, Math.min((whole ?? extent) - extent, start)), extent];
  };
  const [x, across] = side(size?.width, wanted.width, wish.across);
  const [y, down] = side(size?.height, wanted.height, wish.down);
  return { x, y, width: across, height: down };
}

const page = (text) => /^\s*page\s*\(\s*\d+\s*\)/.exec(text)?.[0] ?? "";

function refresh() {
  if (document.hidden || !seen || !wish.image || !wish.valid) {
    stale = true;
    return;
  }
  stale = false;
  work.again(look);
}

async function look(signal) {
  const began = performance.now();
  const { image, pipeline } = wish;
  const slow = setTimeout(() => stage.setAttribute("aria-busy", "true"), SLOW);
  if (known.image !== image.key) known = nothing(image.key);
  // why the one before could not be shown says nothing of this one
  clearProblem();
  try {
    const found = await after(image, pipeline, signal);
    const original = await before(image, pipeline, found, signal);
    if (signal.aborted) return;
    known.size = { width: found.width, height: found.height };
    known.afterType = found.dtype;
    // both at once: two sides of one region
    if (original) put("before", original.bitmap, ZOOMS[wish.zoom]);
    put("after", found.bitmap, ZOOMS[wish.zoom]);
    mark(found.window, found);
    await painted();
    tell(found, performance.now() - began);
    // a deep result that was scaled by itself before its image's black and white were known
    if (levels() && String(found.levels) !== String(levels())) refresh();
  } catch (error) {
    if (!signal.aborted) refused(error);
  } finally {
    clearTimeout(slow);
    stage.removeAttribute("aria-busy");
  }
}

/** The region of the result; where its size turns out to be another, the region at the same place of that. */
async function after(image, pipeline, signal) {
  const asked = async (window) => image.region(pipeline, window, { levels: levels(), signal });
  const found = await asked(region(known.size));
  const right = region(found);
  const same = ["x", "y", "width", "height"].every((name) => right[name] === found.window[name]);
  if (same) return found;
  found.bitmap.close();
  return asked(right);
}

/** Black and white of the image are the result's, too, where both have one depth. */
const levels = () => (known.levels && known.beforeType === known.afterType ? known.levels : undefined);

/** The image itself where the region comes from, if that is not shown already: the same pixels, or what was moved to them. */
async function before(image, pipeline, found, signal) {
  const frame = page(pipeline);
  const window = sourceOf(found);
  const key = JSON.stringify([image.key, frame, window]);
  if (key === known.before) return null;
  const original = await image.region(frame, window, { signal });
  if (signal.aborted) return null;
  Object.assign(known, { before: key, levels: original.levels, beforeType: original.dtype });
  return original;
}

function sourceOf(found) {
  const { source, window } = found;
  // a margin around the same place is what neighbours are for; all else was moved or scaled
  const inside = source.x <= window.x && source.y <= window.y && source.x + source.width >= window.x + window.width && source.y + source.height >= window.y + window.height;
  const near = source.width - window.width <= 256 && source.height - window.height <= 256;
  if (inside && near) return window;
  const shrink = Math.min(1, Math.sqrt(mostPixels / (source.width * source.height)));
  return { x: source.x, y: source.y, width: Math.max(1, Math.floor(source.width * shrink)), height: Math.max(1, Math.floor(source.height * shrink)) };
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

// --- what is told ------------------------------------------------------------------------------------------------------

function clearProblem() {
  show(problem, false);
  delete stage.dataset.problem;
}

function tell(found, milliseconds) {
  const why = found.approximate.map((way) => say(`preview.${way}`));
  const text = why.length ? say("preview.approximate", { why: why.join("; ") }) : say("preview.exact");
  if (exact.textContent !== text) exact.textContent = text;
  exact.toggleAttribute("data-approximate", why.length > 0);
  time.textContent = say("preview.milliseconds", { count: Math.round(milliseconds) });
  section.dispatchEvent(new CustomEvent("tilework:previewed", { detail: { milliseconds, seconds: found.seconds } }));
}

function refused(error) {
  problem.textContent = error instanceof NotShown ? error.message : say("preview.no_answer");
  show(problem, true);
  stage.dataset.problem = error.code ?? "";
  exact.textContent = time.textContent = "";
}

// --- hands -------------------------------------------------------------------------------------------------------------

function pan(x, y) {
  if (!known.size) return;
  const factor = ZOOMS[wish.zoom];
  const now = region(known.size);
  const moved = (start, length, by, whole) => Math.min(1, Math.max(0, (start + length / 2 + by / factor) / whole));
  wish.across = moved(now.x, now.width, x, known.size.width);
  wish.down = moved(now.y, now.height, y, known.size.height);
  refresh();
}

function larger(steps) {
  wish.zoom = Math.min(ZOOMS.length - 1, Math.max(0, wish.zoom + steps));
  scale.textContent = say("preview.percent", { count: ZOOMS[wish.zoom] * 100 });
  for (const button of section.querySelectorAll("[data-zoom]")) {
    button.disabled = wish.zoom === (button.dataset.zoom === "1" ? ZOOMS.length - 1 : 0);
  }
  refresh();
}

async function chosen(image) {
  work.stop();
  clear();
  known = nothing(null);
  wish.image = null;
  next = image;
  pointed = null;
  const whole = await Promise.race([chart(image.small), pause(WHOLE)]);
  if (next !== image) return;
  wish.image = image;
  Object.assign(wish, pointed ?? (whole ? worthSeeing(whole) : MIDDLE));
  refresh();
}

function listen() {
  document.addEventListener("tilework:pipeline", ({ detail }) => {
    wish.valid = detail.valid;
    if (!detail.valid || (detail.text === wish.pipeline && !stale)) return;
    wish.pipeline = detail.text;
    refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stale = work.stop() || stale;
    else if (stale) refresh();
  });
  new IntersectionObserver(([entry]) => {
    seen = entry.isIntersecting;
    if (seen && stale) refresh();
  }).observe(section);
  let timer = 0;
  new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 150);
  }).observe(stage);
  section.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (button) larger(Number(button.dataset.zoom));
  });
}

/** Show the preview where there is one; the page does without it elsewhere. */
export async function startPreview() {
  const offer = await ask("/api/preview").catch(() => null);
  if (!offer?.ok) return;
  const { most_pixels, most_file_bytes } = await offer.json();
  mostPixels = most_pixels;
  if (!mostPixels) return;
  show(section, true);
  const text = document.getElementById("pipeline-text");
  wish.pipeline = text?.value ?? "";
  wish.valid = text?.getAttribute("aria-invalid") !== "true";
  startStage(pan, larger);
  startMap((across, down) => {
    pointed = { across, down };
    Object.assign(wish, pointed);
    refresh();
  });
  larger(0);
  listen();
  await startChoice(chosen, (reason) => refused(Object.assign(new NotShown({ detail: reason }), { code: "" })), most_file_bytes);
}
