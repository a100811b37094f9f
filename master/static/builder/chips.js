// The steps as chips in a row: chosen, moved by pointer or keyboard, taken away.

import { cloned, field } from "../dom.js";
import { argumentsOf, rowsOf } from "./language.js";

/** Pixels that a pointer may tremble before a chip is dragged. */
const TREMBLE = 6;

/** Characters of a step's arguments that a chip shows. */
const SHOWN = 22;

/**
 * The row in `list`, made of clones of `template`. `hands` are `choose(step)`, `move(step, to)` and `remove(step)`. Returns
 * `{ draw(steps, chosen, faulty), focus(step) }`.
 */
export function chipsIn(list, template, hands) {
  const chips = new Map();
  const stepOf = (node) => [...chips].find(([, chip]) => chip.contains(node))?.[0];

  function draw(steps, chosen, faulty) {
    const active = document.activeElement;
    for (const step of chips.keys()) if (!steps.includes(step)) chips.delete(step);
    const wanted = steps.map((step, index) => {
      const chip = chips.get(step) ?? cloned(template);
      chips.set(step, chip);
      fill(chip, step, index, steps.length, step === chosen, faulty.has(step));
      return chip;
    });
    if (wanted.length !== list.children.length || wanted.some((chip, index) => list.children[index] !== chip)) {
      list.replaceChildren(...wanted);
      if (list.contains(active)) active.focus();
    }
  }

  function fill(chip, step, index, count, isChosen, isFaulty) {
    const text = shortly(step);
    field(chip, "name").textContent = step.operation.name;
    field(chip, "arguments").textContent = text;
    const button = chip.querySelector("button");
    if (isChosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    chip.toggleAttribute("data-fault", isFaulty);
    chip.toggleAttribute("data-alone", count === 1);
    button.title = `${step.operation.name}(${argumentsOf(step)
      .map(([, each]) => each)
      .join(", ")})`;
  }

  list.addEventListener("click", (event) => {
    const step = stepOf(event.target);
    if (step) hands.choose(step);
  });

  list.addEventListener("keydown", (event) => {
    const step = stepOf(event.target);
    if (!step || event.ctrlKey || event.metaKey) return;
    const order = [...list.children].map(stepOf);
    const at = order.indexOf(step);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: order.length - 1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") hands.remove(step);
    else if (to === undefined) return;
    else if (!event.altKey) chips.get(order[to])?.querySelector("button").focus();
    else if (to >= 0 && to < order.length) {
      hands.move(step, to);
      focus(step);
    }
    // among others, Alt and an arrow would go back in the browser's history
    event.preventDefault();
  });

  const place = (step) => [...list.children].indexOf(chips.get(step));
  const focus = (step) => chips.get(step)?.querySelector("button").focus();
  dragged(list, (chip) => {
    const step = stepOf(chip);
    if (step) hands.move(step, place(step));
  });
  return { draw, focus };
}

/** A step's arguments as a chip shows them. */
function shortly(step) {
  const texts = argumentsOf(step).map(([parameter, text]) => {
    const rows = parameter.type === "matrix" && rowsOf(step.values[parameter.name]);
    return rows ? `${rows.length} × ${rows[0].length}` : text;
  });
  const all = texts.join(", ");
  return all.length > SHOWN ? `${all.slice(0, SHOWN - 1)}…` : all;
}

// --- dragging ------------------------------------------------------------------------------------------------------

/** Let the children of `list` be dragged by any pointer; `dropped(child)` is called where one lies elsewhere then. */
function dragged(list, dropped) {
  let drag = null;

  list.addEventListener("pointerdown", (event) => {
    const chip = event.target.closest(".chip");
    if (!chip || event.button !== 0 || drag || list.children.length < 2) return;
    drag = { chip, pointer: event.pointerId, x: event.clientX, y: event.clientY, begun: false };
  });

  list.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drag?.pointer) return;
    if (!drag.begun) begin(event);
    if (drag?.begun) follow(event);
  });

  function begin(event) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < TREMBLE) return;
    const box = drag.chip.getBoundingClientRect();
    Object.assign(drag, { begun: true, inX: drag.x - box.left, inY: drag.y - box.top, order: [...list.children] });
    list.setPointerCapture(drag.pointer);
    drag.chip.classList.add("dragged");
  }

  function follow(event) {
    const { chip } = drag;
    const others = [...list.children].filter((each) => each !== chip);
    const near = nearest(others, event.clientX, event.clientY);
    if (near) {
      // the others make room: a chip that is moved itself would lose the pointer
      const before = event.clientX < near.middle;
      const rest = others.indexOf(near.chip) + (before ? 0 : 1);
      for (const each of others.slice(0, rest)) if (follows(each, chip)) chip.before(each);
      for (const each of others.slice(rest).reverse()) if (follows(chip, each)) chip.after(each);
    }
    chip.style.translate = "none";
    const box = chip.getBoundingClientRect();
    chip.style.translate = `${event.clientX - drag.inX - box.left}px ${event.clientY - drag.inY - box.top}px`;
  }

  function end(event, { kept }) {
    if (!drag || event.pointerId !== drag.pointer) return;
    const { chip, begun, order } = drag;
    drag = null;
    if (!begun) return;
    chip.classList.remove("dragged");
    chip.style.translate = "";
    if (!kept) list.replaceChildren(...order);
    else if (order.some((each, index) => list.children[index] !== each)) dropped(chip);
  }

  list.addEventListener("pointerup", (event) => end(event, { kept: true }));
  list.addEventListener("pointercancel", (event) => end(event, { kept: false }));
  list.addEventListener("lostpointercapture", (event) => {
    // a finger's own capture, by what it touched, is lost to the list when a drag begins
    if (event.target === list) end(event, { kept: false });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drag?.begun) end({ pointerId: drag.pointer }, { kept: false });
  });
  // where a browser would take the movement for scrolling, or an image for a file
  list.addEventListener("touchmove", (event) => drag?.begun && event.preventDefault(), { passive: false });
  list.addEventListener("dragstart", (event) => event.preventDefault());
}

const follows = (one, other) => Boolean(other.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);

/** The chip that a point is nearest to, and its middle; rows count more than columns. */
function nearest(chips, x, y) {
  const boxes = chips.map((chip) => ({ chip, box: chip.getBoundingClientRect() }));
  const far = ({ box }) =>
    4 * Math.max(0, box.top - y, y - box.bottom) + Math.max(0, box.left - x, x - box.right);
  const found = boxes.toSorted((one, other) => far(one) - far(other))[0];
  return found && { chip: found.chip, middle: found.box.left + found.box.width / 2 };
}
