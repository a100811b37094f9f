// Windowed rendering: of a list of any length only what is in sight, and a little around it, is in the page. What is
// not is room: padding above and below, so that the page scrolls as if all were there.

// pixels above and below what is in sight that are drawn as well, so that a turn of the wheel finds them there
const AROUND = 600;

/**
 * `list` is a CSS grid of equally high items: as many columns as the style gives it. `source` has `order` (ids), `make(id)`,
 * `fill(element, id, index)`, `unmake(element)`; `drawn(first, last)` hears which items (last not included) are in the page.
 */
export class Window {
  constructor(list, source, drawn) {
    this.list = list;
    this.source = source;
    this.drawn = drawn;
    this.elements = new Map();
    this.first = 0;
    this.last = 0;
    this.frame = 0;
    list.tabIndex = -1;
    this.redraw = () => this.soon();
    window.addEventListener("scroll", this.redraw, { passive: true });
    window.addEventListener("resize", this.redraw);
  }

  /** Draw in the next frame, once for all who ask until then. */
  soon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** How many columns there are, and how high a row is with the gap below it, in pixels. */
  measure() {
    const style = getComputedStyle(this.list);
    const gap = Number.parseFloat(style.rowGap) || 0;
    const columns = style.gridTemplateColumns.split(" ").filter(Boolean).length || 1;
    return { columns, gap, height: Number.parseFloat(style.getPropertyValue("grid-auto-rows")) + gap };
  }

  /** Put into the page what is in sight. */
  draw() {
    const { order } = this.source;
    const { columns, gap, height } = this.measure();
    const rows = Math.ceil(order.length / columns);
    const top = -this.list.getBoundingClientRect().top;
    const from = Math.max(0, Math.min(rows, Math.floor((top - AROUND) / height)));
    const to = Math.max(from, Math.min(rows, Math.ceil((top + innerHeight + AROUND) / height)));
    this.first = from * columns;
    this.last = Math.min(order.length, to * columns);
    this.columns = columns;
    this.height = height;
    this.place(order.slice(this.first, this.last));
    this.list.style.paddingTop = `${from * height}px`;
    this.list.style.paddingBottom = `${Math.max(0, (rows - to) * height - (to < rows ? 0 : gap))}px`;
    this.drawn(this.first, this.last);
  }

  place(ids) {
    const wanted = new Set(ids);
    for (const [id, element] of this.elements) {
      if (wanted.has(id)) continue;
      // the keyboard goes on from the list where the row that it was in goes
      if (element.contains(document.activeElement)) this.list.focus({ preventScroll: true });
      element.remove();
      this.source.unmake(element);
      this.elements.delete(id);
    }
    let next = this.list.firstElementChild;
    ids.forEach((id, offset) => {
      let element = this.elements.get(id);
      if (!element) {
        element = this.source.make(id);
        this.elements.set(id, element);
      }
      this.source.fill(element, id, this.first + offset);
      // moving what is in its place already would lose its focus
      if (element === next) next = next.nextElementSibling;
      else this.list.insertBefore(element, next);
    });
  }

  /** Bring an item into sight. */
  show(index) {
    const { columns, height } = this.measure();
    const row = Math.floor(index / columns);
    const top = this.list.getBoundingClientRect().top + row * height;
    const head = document.querySelector(".job-columns")?.offsetHeight ?? 0;
    const bar = document.getElementById("selection");
    // it sticks that far above the window's edge
    const foot = bar.hidden ? 0 : bar.offsetHeight + Number.parseFloat(getComputedStyle(bar).bottom);
    if (top < head) window.scrollBy({ top: top - head });
    else if (top + height > innerHeight - foot) window.scrollBy({ top: top + height - innerHeight + foot });
    this.draw();
  }

  /** Whether the list's beginning is above what is in sight. */
  get scrolled() {
    return this.list.getBoundingClientRect().top < -this.height;
  }
}
