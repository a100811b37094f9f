// The whole image, small, in a corner of the picture area: where the region lies, and the way to another.

import { show } from "../dom.js";
import { picture, release } from "../pictures.js";

const map = document.getElementById("preview-map");
const image = map?.querySelector("img");
const box = map?.querySelector("span");

let under = new AbortController();

/** Show an image's whole, nothing where there is none; resolves to the picture, or null. */
export async function chart(small) {
  under.abort();
  under = new AbortController();
  const { signal } = under;
  show(map, false);
  const there = await (small.startsWith("blob:") ? local(small) : picture(image, small, { signal })).catch(() => false);
  if (signal.aborted || !there) return null;
  show(map, true);
  return image;
}

async function local(address) {
  release(image);
  image.src = address;
  await image.decode();
  return true;
}

/** Mark `window` of a result of `width` x `height`; nothing where it is all of it. */
export function mark(window, { width, height }) {
  const part = (value, whole) => `${(100 * value) / whole}%`;
  Object.assign(box.style, {
    left: part(window.x, width),
    top: part(window.y, height),
    width: part(window.width, width),
    height: part(window.height, height),
  });
  map.classList.toggle("whole", window.width >= width && window.height >= height);
}

/** Call `go(across, down)`, shares of the whole, where somebody points. */
export function startMap(go) {
  const pointed = (event) => {
    const place = image.getBoundingClientRect();
    go((event.clientX - place.left) / place.width, (event.clientY - place.top) / place.height);
    event.preventDefault();
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    pointed(event);
  });
  map.addEventListener("pointermove", (event) => event.buttons && pointed(event));
}
