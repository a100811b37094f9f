// The picture area: two bitmaps of one region on a canvas, parted by a line; moved by pointer and keys.

import { slide } from "../slider.js";

const STEP_PERCENT = 5;
const NUDGE = 64;

const stage = document.getElementById("preview-stage");
const canvas = document.getElementById("preview-canvas");
const split = document.getElementById("preview-split");
const context = canvas?.getContext("2d");

const shown = { before: null, after: null };
let share = 0.5;
let zoom = 1;
// how far the picture was dragged since it was asked for, in pixels of the page
let moved = { x: 0, y: 0 };

/** The stage's width and height in pixels of the page. */
export const extent = () => ({ width: stage.clientWidth, height: stage.clientHeight });

/** Show a bitmap (or none) on a side: `before` or `after`; `scale` is the page's pixels for one of its. */
export function put(side, bitmap, scale) {
  shown[side]?.close?.();
  shown[side] = bitmap;
  zoom = scale;
  moved = { x: 0, y: 0 };
  paint();
}

/** Forget what is shown. */
export function clear() {
  for (const side of ["before", "after"]) put(side, null, zoom);
}

function paint() {
  const ratio = devicePixelRatio || 1;
  const { width, height } = extent();
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  // each pixel is one of the result's: nothing in between is invented
  context.imageSmoothingEnabled = false;
  const line = shown.before ? width * share : 0;
  half(shown.after ?? shown.before, line, width, height);
  half(shown.before, 0, line, height);
  split.hidden = !shown.before || !shown.after;
}

function half(bitmap, left, right, height) {
  if (!bitmap || right <= left) return;
  const box = frame();
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, height);
  context.clip();
  context.drawImage(bitmap, box.x, box.y, box.width, box.height);
  context.restore();
}

/** Where the region lies on the stage: in its middle, as far as it was not dragged. Both sides have one frame. */
function frame() {
  const region = shown.after ?? shown.before;
  const { width, height } = extent();
  const size = { width: region.width * zoom, height: region.height * zoom };
  const middle = (whole, part) => Math.round((whole - part) / 2);
  return { x: middle(width, size.width) + moved.x, y: middle(height, size.height) + moved.y, ...size };
}

// --- hands -----------------------------------------------------------------------------------------------------------

/** Let the picture be dragged; `pan(x, y)` hears by how much it was. */
function drag(pan) {
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("#preview-split, #preview-map")) return;
    stage.classList.add("panned");
    stage.setPointerCapture(event.pointerId);
    const moving = (each) => {
      moved = { x: each.clientX - event.clientX, y: each.clientY - event.clientY };
      paint();
    };
    const over = () => {
      stage.removeEventListener("pointermove", moving);
      stage.removeEventListener("pointerup", over);
      stage.removeEventListener("pointercancel", over);
      stage.classList.remove("panned");
      if (moved.x || moved.y) pan(-moved.x, -moved.y);
    };
    stage.addEventListener("pointermove", moving);
    stage.addEventListener("pointerup", over);
    stage.addEventListener("pointercancel", over);
  });
}

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Let hands move the picture: `pan(x, y)` by pixels of the page, `larger(steps)` by steps of the zoom. */
export function startStage(pan, larger) {
  slide(stage, split, {
    step: STEP_PERCENT,
    moved(percent) {
      share = percent / 100;
      paint();
    },
  });
  drag(pan);
  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = KEYS[event.key];
    if (by) pan(by[0] * NUDGE, by[1] * NUDGE);
    else if (event.key === "+" || event.key === "=") larger(1);
    else if (event.key === "-") larger(-1);
    else return;
    event.preventDefault();
  });
  new ResizeObserver(paint).observe(stage);
}
