// A control for each kind of parameter: each `{ root, main, set(text), placehold(text) }`, which tells `changed(text)`.

import { say } from "../strings.js";
import { element } from "./element.js";
import { grid } from "./grid.js";
import { written } from "./language.js";
import { namesOfPictures } from "./pictures.js";
import { scaleOf } from "./scale.js";

/** Choices that stand side by side, where they are short; more, or longer ones, drop down. */
const SIDE_BY_SIDE = { count: 5, characters: 32 };

/** The control of a parameter. `id` is its main element's; `${id}-name` is what it is called by. */
export function widgetOf(parameter, id, changed) {
  switch (parameter.widget) {
    case "slider":
      return slider(parameter, id, changed);
    case "number":
      return number(parameter, id, changed);
    case "switch":
      return toggle(parameter, id, changed);
    case "choice":
      return choice(parameter, id, changed);
    case "matrix":
      return grid(parameter, id, changed);
    case "picture":
      return pictureName(parameter, id, changed);
    default:
      return text(parameter, id, changed);
  }
}

// a control that is being written in is left alone: it says what it said
const put = (control, value) => {
  if (control.value !== value && document.activeElement !== control) control.value = value;
};

function text(parameter, id, changed) {
  const main = element("input", { type: "text", id, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  main.addEventListener("input", () => changed(main.value));
  return { root: main, main, set: (value) => put(main, value), placehold: (value) => (main.placeholder = value) };
}

function number(parameter, id, changed) {
  const made = text(parameter, id, changed);
  // not type=number: that hides what is no number, and writes it as the reader's country does
  made.main.inputMode = parameter.minimum !== null && parameter.minimum >= 0 ? "decimal" : "text";
  made.main.classList.add("number-field");
  return made;
}

function slider(parameter, id, changed) {
  const made = number(parameter, id, (value) => {
    follow(value);
    changed(value);
  });
  const scale = scaleOf(parameter);
  const range = element("input", { type: "range", min: 0, max: scale.positions, step: 1, "aria-labelledby": `${id}-name` });
  const root = element("div", { class: "slider" }, range, made.main);

  function follow(value) {
    const shown = value === "" ? made.main.placeholder : value;
    const known = shown !== "" && Number.isFinite(Number(shown));
    if (known) range.value = scale.positionOf(Number(shown));
    range.setAttribute("aria-valuetext", [shown, parameter.unit].filter(Boolean).join(" "));
    // how far the bar is filled
    range.style.setProperty("--share", `${(100 * range.value) / scale.positions}%`);
  }

  function choose(value) {
    made.main.value = String(value);
    follow(made.main.value);
    changed(made.main.value);
  }

  range.addEventListener("input", () => choose(scale.valueAt(Number(range.value))));
  range.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    // a step of the slider is more than one of the number, or less
    event.preventDefault();
    choose(scale.step(Number(made.main.value || made.main.placeholder || parameter.minimum), by));
  });
  return {
    root,
    main: made.main,
    set(value) {
      made.set(value);
      follow(made.main.value);
    },
    placehold(value) {
      made.placehold(value);
      follow(made.main.value);
    },
  };
}

function toggle(parameter, id, changed) {
  const main = element("input", { type: "checkbox", role: "switch", id, class: "switch" });
  main.addEventListener("change", () => changed(String(main.checked)));
  return { root: main, main, set: (value) => (main.checked = value === "true"), placehold: () => {} };
}

function choice(parameter, id, changed) {
  const choices = parameter.choices.map(written);
  const { count, characters } = SIDE_BY_SIDE;
  if (choices.length > count || choices.join("").length > characters) return dropDown(choices, id, changed);
  const radios = choices.map((value, index) =>
    element("input", { type: "radio", name: id, value, id: index ? `${id}-${index}` : id }),
  );
  const labels = radios.map((radio) => element("label", { class: "segment" }, radio, element("span", {}, radio.value)));
  const root = element("div", { class: "segments", role: "radiogroup", "aria-labelledby": `${id}-name` }, ...labels);
  root.addEventListener("change", (event) => changed(event.target.value));
  return {
    root,
    main: root,
    set(value) {
      for (const radio of radios) radio.checked = radio.value === value;
    },
    placehold: () => {},
  };
}

function dropDown(choices, id, changed) {
  const main = element("select", { id }, ...choices.map((value) => element("option", { value }, value)));
  main.addEventListener("change", () => changed(main.value));
  return { root: main, main, set: (value) => (main.value = value), placehold: () => {} };
}

function pictureName(parameter, id, changed) {
  const made = text(parameter, id, changed);
  const list = element("datalist", { id: `${id}-list` });
  const told = element("p", { class: "field-help" });
  made.main.setAttribute("list", list.id);
  const root = element("div", { class: "picture-name" }, made.main, list, told);
  namesOfPictures().then(
    (names) => {
      list.replaceChildren(...names.map((value) => element("option", { value })));
      told.textContent = names.length ? say("builder.pictures", { names: names.join(", ") }) : say("builder.no_picture");
    },
    () => {
      // whoever knows the name can type it
    },
  );
  return { ...made, root };
}
