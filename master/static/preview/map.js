// The whole image, small, in a corner of the picture area: where the region lies, and the way to another.

import { show } from "../dom.js";
import { picture } from "../pictures.js";

const map = document.getElementById("preview-map");
const image = map?.querySelector("img");
const box = map?.querySelector("span");

let number = 0;

/** Show an image's whole; nothing where there is none. */
export async function chart(small) {
  const mine = ++number;
  show(map, false);
  const there = await (small.startsWith("blob:") ? local(small) : picture(image, small)).catch(() => false);
  if (mine === number) show(map, Boolean(there));
}

async function local(address) {
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
