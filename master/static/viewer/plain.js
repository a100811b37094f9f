// Input and result as pictures of the page, where there is nothing to be zoomed.

import { field, isOver, show, write } from "../dom.js";
import { picture, release } from "../pictures.js";
import { say } from "../strings.js";

// what every browser shows; larger ones would fill its memory
const SHOWN = /\.(jpe?g|png|webp|gif|avif|bmp)$/i;
const MOST_BYTES = 64_000_000;
const MOST_PIXELS = 100_000_000;
// what cannot be zoomed for its size may be shown small all the same
const SMALL_ANYWAY = new Set(["not_zoomable", "image_not_previewed"]);

export class Plain {
  constructor(root, { previews }) {
    this.root = root;
    this.previews = previews;
    // with previews pictures are shown only where nothing can be zoomed
    this.wanted = !previews;
    this.job = null;
    this.problems = {};
    // sides whose picture has been asked for
    this.asked = new Set();
    for (const side of ["input", "result"]) {
      const image = field(root, `${side}-image`);
      // one whose address was taken away is not broken
      image.addEventListener("error", () => image.getAttribute("src") && this.broken(side));
      // it may have failed before this module ran
      if (image.getAttribute("src") && image.complete && !image.naturalWidth) this.broken(side);
    }
  }

  /** From now on pictures are shown, but of sides that have a `problem` which leaves none. */
  show(problems) {
    if (this.wanted) return;
    this.wanted = true;
    this.problems = problems;
    if (this.job) this.fill(this.job);
  }

  fill(job) {
    this.job = job;
    this.side(job, "input", say("viewer.no_image"), "image");
    this.side(job, "result", isOver(job) ? say("viewer.no_result") : say("viewer.not_yet"), job.result_kind);
  }

  /** Show one side: its link, and its picture unless it is of another kind, which is only a download. */
  side(job, side, absent, kind) {
    const link = job.links[side];
    const image = field(this.root, `${side}-image`);
    const anchor = field(this.root, `${side}-link`);
    show(anchor, Boolean(link));
    if (link) anchor.href = link;
    image.closest("figure").toggleAttribute("data-none", absent === say("viewer.no_result") && !link);
    const address = kind === "image" ? this.address(job, side) : null;
    if (!address) {
      release(image);
      image.removeAttribute("src");
      this.asked.delete(side);
    } else if (this.wanted && !image.getAttribute("src") && !this.asked.has(side)) {
      // a new signature for the same image is no new image
      this.asked.add(side);
      this.load(side, image, address);
    }
    if (!link) write(this.root, `${side}-note`, absent);
    else if (kind !== "image") write(this.root, `${side}-note`, say(`viewer.${kind}`));
    else if (!address) write(this.root, `${side}-note`, say("viewer.cannot_show"));
    this.reveal(side, Boolean(address));
  }

  async load(side, image, address) {
    // a signed link is the bucket's, and a token none of its business
    if (!this.previews) image.src = address;
    else if (!(await picture(image, address).catch(() => false)) && this.asked.has(side)) this.broken(side);
  }

  address(job, side) {
    const link = job.links[side];
    if (!link) return null;
    const { code } = this.problems[side] ?? {};
    if (this.previews && code && !SMALL_ANYWAY.has(code)) return null;
    if (this.previews) return `/api/jobs/${encodeURIComponent(job.id)}/thumbnail?side=${side}&absent=empty`;
    const small = side === "input" ? job.source_bytes <= MOST_BYTES : job.width * job.height <= MOST_PIXELS;
    return small && SHOWN.test(side === "input" ? job.key : job.result_key) ? link : null;
  }

  reveal(side, visible) {
    const image = field(this.root, `${side}-image`);
    const seen = visible && image.dataset.broken === undefined;
    show(image, seen);
    show(field(this.root, `${side}-note`), !seen);
  }

  broken(side) {
    const image = field(this.root, `${side}-image`);
    image.dataset.broken = "";
    write(this.root, `${side}-note`, say("viewer.cannot_show"));
    this.reveal(side, true);
  }
}
