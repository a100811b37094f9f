// Which jobs are selected: by checkbox, with shift for all between, by keyboard; they stay selected out of sight.

import { field, show, write } from "../dom.js";
import { say } from "../strings.js";

const bar = document.getElementById("selection");
const told = field(bar, "told");
const every = document.getElementById("pick-all");

export class Selection {
  /** `jobs` has `order`; `changed()` is called after each change. */
  constructor(jobs, changed) {
    this.jobs = jobs;
    this.changed = changed;
    this.ids = new Set();
    this.anchor = 0;
    every.addEventListener("change", () => this.all(every.checked));
  }

  has(id) {
    return this.ids.has(id);
  }

  /** Select or unselect the job at `index`; with `through` all between it and the one before as well. */
  toggle(index, { through = false, on } = {}) {
    const { order } = this.jobs;
    const wanted = on ?? !this.ids.has(order[index]);
    const [from, to] = through ? [this.anchor, index].sort((one, other) => one - other) : [index, index];
    for (const id of order.slice(from, to + 1)) this.set(id, wanted);
    this.anchor = index;
    this.chosen();
  }

  set(id, wanted) {
    if (wanted) this.ids.add(id);
    else this.ids.delete(id);
  }

  all(wanted) {
    this.ids = new Set(wanted ? this.jobs.order : []);
    this.chosen();
  }

  /** Forget those that are not listed any more. */
  keep() {
    for (const id of this.ids) if (!this.jobs.known.has(id)) this.ids.delete(id);
    this.tell();
  }

  /** Somebody has chosen anew: what was told of those before is read. */
  chosen() {
    told.textContent = "";
    this.tell();
  }

  /** What was told of an order stays though nothing may be selected any more. */
  tell() {
    const count = this.ids.size;
    show(field(bar, "deeds"), count > 0);
    show(bar, count > 0 || told.textContent !== "");
    write(bar, "clear", say(count ? "jobs.unselect" : "jobs.close"));
    field(bar, "count").textContent = count ? say("jobs.selected", { count }) : "";
    every.checked = count > 0 && count === this.jobs.order.length;
    every.indeterminate = count > 0 && !every.checked;
    this.changed();
  }
}
