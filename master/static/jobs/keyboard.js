// The list by keyboard, as in a grid: arrows go from job to job, Home and End to the ends of what is loaded, space selects,
// with shift all between; Enter is the link's own.

import { field } from "../dom.js";

export class Keyboard {
  /** `rows` is the Window, `jobs` has `order`. */
  constructor(rows, jobs, selection) {
    this.rows = rows;
    this.jobs = jobs;
    this.selection = selection;
    this.active = "";
    rows.list.addEventListener("keydown", (event) => this.pressed(event));
    rows.list.addEventListener("focusin", (event) => {
      const id = event.target.closest("[data-id]")?.dataset.id;
      if (id) this.enter(id);
    });
  }

  get index() {
    return Math.max(0, this.jobs.order.indexOf(this.active));
  }

  /** One row takes the Tab key: the one that was used last, else the first in the page. */
  mark() {
    const { elements } = this.rows;
    const id = elements.has(this.active) ? this.active : this.jobs.order[this.rows.first];
    for (const [each, element] of elements) {
      const place = each === id ? 0 : -1;
      for (const name of ["name", "pick"]) {
        const part = field(element, name);
        if (part.tabIndex !== place) part.tabIndex = place;
      }
    }
  }

  enter(id) {
    if (this.active === id) return;
    this.active = id;
    this.mark();
  }

  go(index) {
    const { order } = this.jobs;
    const to = Math.max(0, Math.min(order.length - 1, index));
    if (!order.length) return;
    this.active = order[to];
    this.rows.show(to);
    field(this.rows.elements.get(this.active), "name").focus({ preventScroll: true });
  }

  pressed(event) {
    if (event.altKey || event.metaKey) return;
    const { columns, height } = this.rows;
    const screen = Math.max(1, Math.floor(innerHeight / height) - 1) * columns;
    const steps = { ArrowDown: columns, ArrowUp: -columns, PageDown: screen, PageUp: -screen };
    if (columns > 1) Object.assign(steps, { ArrowRight: 1, ArrowLeft: -1 });
    const ends = { Home: 0, End: this.jobs.order.length - 1 };
    if (event.key in steps || event.key in ends) {
      event.preventDefault();
      const from = this.index;
      const to = event.key in ends ? ends[event.key] : from + steps[event.key];
      if (event.shiftKey) this.selection.toggle(from, { on: true });
      this.go(to);
      if (event.shiftKey) this.selection.toggle(this.index, { through: true, on: true });
    } else if (event.key === " " && event.target.type !== "checkbox") {
      event.preventDefault();
      this.selection.toggle(this.index, { through: event.shiftKey });
    } else if (event.key === "a" && event.ctrlKey) {
      event.preventDefault();
      this.selection.all(true);
    } else if (event.key === "Escape") {
      this.selection.all(false);
    }
  }
}
