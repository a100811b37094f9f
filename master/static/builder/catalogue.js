// The catalogue of operations: a dialog with one field, in which a few letters, arrows and Enter add a step.

import { knows, say } from "../strings.js";
import { closable } from "./dialog.js";
import { element } from "./element.js";
import { entryOf, searched } from "./search.js";

/** The name of a family; one that only a plugin has is called as it calls itself. */
const titleOf = (family) => (knows(`builder.family_${family}`) ? say(`builder.family_${family}`) : family);

/** The catalogue in `dialog`: `open()`; `chosen(operation)` is called with the one that is taken. */
export function catalogueIn(dialog, operations, chosen) {
  const search = dialog.querySelector("input");
  const list = dialog.querySelector('[role="listbox"]');
  const told = dialog.querySelector('[role="status"]');
  const nothing = dialog.querySelector(".catalogue-nothing");
  const pictures = dialog.dataset.pictures;
  const entries = [...operations.values()].map((each) => entryOf(each, titleOf(each.family)));
  const options = new Map([...operations.values()].map((each) => [each, optionOf(each, pictures)]));
  let active = null;

  function draw() {
    const found = searched(entries, search.value);
    list.replaceChildren(...(search.value.trim() ? found.map((each) => options.get(each)) : byFamily(found)));
    told.textContent = say("builder.found", { count: found.length });
    nothing.hidden = found.length > 0;
    // Enter in an empty field chooses nothing
    light(search.value.trim() ? list.querySelector('[role="option"]') : null);
    list.scrollTop = 0;
  }

  function byFamily(found) {
    return [...grouped(found)].map(([family, members]) => {
      const title = element("div", { class: "family", id: `family-${family}` }, titleOf(family));
      const all = members.map((each) => options.get(each));
      return element("div", { role: "group", "aria-labelledby": title.id }, title, ...all);
    });
  }

  function light(option) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    if (active) {
      active.setAttribute("aria-selected", "true");
      active.scrollIntoView({ block: "nearest" });
      search.setAttribute("aria-activedescendant", active.id);
    } else {
      search.removeAttribute("aria-activedescendant");
    }
  }

  function take(option) {
    if (!option) return;
    dialog.close();
    chosen(operations.get(option.dataset.operation));
  }

  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll('[role="option"]')];
    const at = all.indexOf(active);
    const last = all.length - 1;
    const to = {
      ArrowDown: at === last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      PageDown: Math.min(last, at + 6),
      PageUp: Math.max(0, at - 6),
    }[event.key];
    if (event.key === "Enter") take(active);
    else if (to === undefined) return;
    else light(all[to]);
    event.preventDefault();
  });
  list.addEventListener("click", (event) => take(event.target.closest('[role="option"]')));
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option && option !== active) light(option);
  });
  closable(dialog);

  return {
    open() {
      search.value = "";
      dialog.showModal();
      draw();
      search.focus();
    },
  };
}

function grouped(found) {
  const families = new Map();
  for (const each of found) families.set(each.family, [...(families.get(each.family) ?? []), each]);
  return families;
}

function optionOf(operation, pictures) {
  const image = element("img", { alt: "", width: 96, height: 60, loading: "lazy", decoding: "async" });
  // a plugin's operation has no picture here
  const isOurs = operation.origin.distribution === "tilework";
  if (isOurs) image.src = `${pictures}/${operation.name}.webp`;
  const { name } = operation;
  return element(
    "div",
    { role: "option", id: `operation-${name}`, class: "option", "aria-selected": "false", "data-operation": name },
    isOurs ? image : element("span", { class: "no-picture" }),
    element("strong", {}, operation.name),
    element("span", { class: "option-summary" }, operation.summary),
  );
}
