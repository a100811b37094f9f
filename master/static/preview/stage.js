// The picture area: two bitmaps of one region on a canvas, parted by a line; moved by pointer and keys.

const STEP = 0.05;
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
  split.style.left = `${share * 100}%`;
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

function place(value) {
  share = Math.min(1, Math.max(0, value));
  const percent = Math.round(share * 100);
  split.setAttribute("aria-valuenow", percent);
  paint();
}

// --- hands -----------------------------------------------------------------------------------------------------------

function dragged(element, begin, move, end) {
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !begin(event)) return;
    element.setPointerCapture(event.pointerId);
    const from = { x: event.clientX, y: event.clientY };
    const moving = (each) => move({ x: each.clientX - from.x, y: each.clientY - from.y }, each);
    const over = () => {
      element.removeEventListener("pointermove", moving);
      element.removeEventListener("pointerup", over);
      element.removeEventListener("pointercancel", over);
      end();
    };
    element.addEventListener("pointermove", moving);
    element.addEventListener("pointerup", over);
    element.addEventListener("pointercancel", over);
  });
}

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Let hands move the picture: `pan(x, y)` by pixels of the page, `larger(steps)` by steps of the zoom. */
export function startStage(pan, larger) {
  place(share);
  dragged(
    split,
    () => true,
    (_, event) => {
      const box = stage.getBoundingClientRect();
      place((event.clientX - box.left) / box.width);
    },
    () => {},
  );
  split.addEventListener("keydown", (event) => {
    const to = { Home: 0, End: 1 }[event.key] ?? (KEYS[event.key] && share + STEP * (KEYS[event.key][0] - KEYS[event.key][1]));
    if (to === undefined) return;
    place(to);
    event.preventDefault();
    event.stopPropagation();
  });
  dragged(
    stage,
    (event) => !event.target.closest("#preview-split, #preview-map") && Boolean(stage.classList.add("panned") ?? true),
    (by) => {
      moved = by;
      paint();
    },
    () => {
      stage.classList.remove("panned");
      if (moved.x || moved.y) pan(-moved.x, -moved.y);
    },
  );
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
