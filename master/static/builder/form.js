// The form of the step that is chosen, made from what its operation declares of its parameters.

import { say } from "../strings.js";
import { element } from "./element.js";
import { argumentsOf, defaultOf, faultsOf } from "./language.js";
import { widgetOf } from "./widgets.js";

/** Parameters of which all are shown at once; of more, those that need not be given are behind "More settings". */
const FEW = 3;

/** A number with a point, as it is typed here in every language, and a thin space between thousands. */
const grouped = (number) =>
  number.toLocaleString("en", { maximumFractionDigits: 20, useGrouping: "min2" }).replaceAll(",", "\u202f");

/** The form in `panel`: `{ show(step), faults(fromServer) }`; `changed(step)` tells each change of a value. */
export function formIn(panel, changed) {
  let shown = null;
  let fields = new Map();

  function show(step) {
    if (step?.operation !== shown?.operation || step !== shown) draw(step);
    shown = step;
    if (step) refresh();
  }

  function draw(step) {
    fields = new Map();
    const body = panel.querySelector(".step-body");
    body.replaceChildren();
    if (!step) return;
    panel.querySelector("h3").textContent = step.operation.name;
    panel.querySelector(".step-summary").textContent = step.operation.summary;
    const { parameters } = step.operation;
    const main = parameters.length <= FEW ? parameters : mainOf(parameters);
    body.append(group(step, main));
    const rest = parameters.filter((each) => !main.includes(each));
    if (!rest.length) return;
    const given = new Set(argumentsOf(step).map(([parameter]) => parameter));
    const more = element("details", { class: "more" }, element("summary", {}, say("builder.more")), group(step, rest));
    more.open = rest.some((each) => given.has(each));
    body.append(more);
  }

  function group(step, parameters) {
    return element("div", { class: "fields" }, ...parameters.map((each) => fieldOf(step, each)));
  }

  function fieldOf(step, parameter) {
    const id = `parameter-${parameter.name}`;
    // who follows another parameter has its slider
    const leader = step.operation.parameters.find((each) => each.name === parameter.default_from);
    const declared = leader ? { ...parameter, example: parameter.example ?? leader.example } : parameter;
    const widget = widgetOf(declared, id, (text) => {
      step.values[parameter.name] = text.trim();
      refresh();
      changed(step);
    });
    const unit = parameter.unit ? [" ", element("small", {}, parameter.unit)] : [];
    const isGroup = widget.main.getAttribute("role") === "radiogroup";
    const naming = { class: "field-name", id: `${id}-name`, for: isGroup ? null : id };
    const name = element(isGroup ? "span" : "label", naming, parameter.name, ...unit);
    const help = element("p", { class: "field-help", id: `${id}-help`, title: parameter.help }, parameter.help);
    const bounds = boundsOf(parameter);
    if (bounds) help.append(" ", element("span", { class: "field-bounds" }, bounds));
    const fault = element("p", { class: "field-fault", id: `${id}-fault`, hidden: true });
    widget.main.dataset.parameter = parameter.name;
    widget.main.setAttribute("aria-describedby", `${help.id} ${fault.id}`);
    if (parameter.required && !isGroup && parameter.widget !== "switch") widget.main.setAttribute("aria-required", "true");
    const root = element("div", { class: `field field-${parameter.widget}` }, name, widget.root, fault, help);
    fields.set(parameter.name, { parameter, widget, fault, root });
    return root;
  }

  function refresh() {
    for (const { parameter, widget } of fields.values()) {
      const value = shown.values[parameter.name];
      // a control that cannot be empty shows what holds where nothing is given
      const isEmpty = value === "" && ["choice", "switch"].includes(parameter.widget);
      widget.set(isEmpty ? defaultOf(parameter, shown.values) : value);
      widget.placehold(parameter.required ? "" : defaultOf(parameter, shown.values));
    }
    faults();
  }

  /** Say what is wrong beside the fields: what is seen here, and what the server told of a parameter (`{ name, sentence }`). */
  function faults(fromServer = null) {
    if (!shown) return;
    const found = faultsOf(shown);
    for (const [name, { widget, fault, root }] of fields) {
      const own = found.get(name);
      const told = fromServer?.name === name ? fromServer.sentence : "";
      const sentence = own ? say(`builder.fault_${own[0]}`, own[1]) : told;
      if (fault.textContent !== sentence) fault.textContent = sentence;
      fault.hidden = !sentence;
      root.toggleAttribute("data-fault", Boolean(sentence));
      if (sentence) widget.main.setAttribute("aria-invalid", "true");
      else widget.main.removeAttribute("aria-invalid");
      if (sentence) root.closest("details")?.setAttribute("open", "");
    }
    const whole = panel.querySelector(".step-fault");
    whole.textContent = fromServer && !fromServer.name ? fromServer.sentence : "";
    whole.hidden = !whole.textContent;
  }

  return { show, faults };
}

/** What must be given; or the first, where nothing must. */
function mainOf(parameters) {
  const required = parameters.filter((each) => each.required);
  return required.length ? required : parameters.slice(0, 1);
}

function boundsOf({ type, minimum, maximum, choices, odd, longest }) {
  if (choices.length || (type !== "int" && type !== "float" && type !== "matrix")) return "";
  if (type === "matrix") return longest ? say("builder.longest", { rows: longest[0], columns: longest[1] }) : "";
  const [low, high] = [minimum, maximum].map((each) => (each === null ? "" : grouped(each)));
  const key = low && high ? "between" : low ? "from" : high ? "up_to" : "";
  return [key && say(`builder.${key}`, { low, high }), odd && say("builder.odd")].filter(Boolean).join(", ");
}
