// How images come: dropped anywhere, chosen, a folder of them, from the camera, pasted.

import { gathered, ofFolder } from "./gather.js";
import { say } from "../strings.js";
import { tellTrouble } from "./trouble.js";

const zone = document.getElementById("drop");

const plain = (files) => ({ found: [...files].map((file) => ({ file, handle: null, path: file.name })), left: [] });

/** `take(basket)` is called with what came. */
export function startHands(take) {
  chosen("files", plain, take);
  chosen("camera", plain, take);
  chosen("folder", ofFolder, take);
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    if (files.length) take(plain(files));
  });
  // images may be dropped anywhere, so the whole window shows it
  const mark = (yes) => {
    zone.classList.toggle("over", yes);
    document.body.classList.toggle("taking", yes);
  };
  let depth = 0;
  // a link or a picture of the page itself
  let own = false;
  document.addEventListener("dragstart", () => (own = true));
  document.addEventListener("dragend", () => (own = false));
  const carries = (event) => {
    const kinds = event.dataTransfer?.types ?? [];
    // of another site's picture there is only its address, which is told
    return kinds.includes("Files") || (kinds.includes("text/uri-list") && !own && !event.target.closest?.("input"));
  };
  const over = (change) => (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = Math.max(0, depth + change);
    mark(depth > 0);
  };
  window.addEventListener("dragenter", over(1));
  window.addEventListener("dragleave", over(-1));
  window.addEventListener("dragover", over(0));
  window.addEventListener("drop", async (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    const told = (count) => tellTrouble(say("upload.looking_through", { count }), "note");
    try {
      const basket = await gathered(event.dataTransfer, told);
      if (basket.found.length + basket.left.length) take(basket);
      else if (!own) tellTrouble(say("upload.no_file"));
    } catch {
      tellTrouble(say("upload.folder_unreadable"));
    }
  });
}

function chosen(id, basketOf, take) {
  const input = document.getElementById(id);
  input?.addEventListener("change", () => {
    const basket = basketOf(input.files);
    // the same file may be chosen again
    input.value = "";
    take(basket);
  });
}
