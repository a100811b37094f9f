// The pipeline: forms and text are two views of one thing, kept equal both ways. What a text means is the server's to say.

import { cloned, show } from "../dom.js";
import { told } from "../problems.js";
import { ask } from "../session.js";

const PAUSE = 200;
const REMEMBERED = "tilework.pipeline";

const steps = document.getElementById("steps");
const input = document.getElementById("pipeline-text");
const error = document.getElementById("pipeline-error");
const note = document.getElementById("pipeline-note");
const adder = document.getElementById("add-operation");
const taker = document.getElementById("take-preset");

let valid = true;
let timer = 0;
let asked = 0;
let frame = { page: steps.dataset.page || null, output: steps.dataset.output || null };

/** The pipeline's text, or null where it cannot be understood. */
export const pipelineText = () => (valid ? input.value : null);

export const focusPipeline = () => input.focus();

// --- forms to text -------------------------------------------------------------------------------------------------

const valueOf = (control) => (control.type === "checkbox" ? String(control.checked) : control.value.trim());

function stepText(step) {
  const given = [];
  let gap = false;
  for (const control of inOrder(step)) {
    const value = valueOf(control);
    // a value that is left out goes by its default, and all after it by their names
    if (value === "" || (control.dataset.default !== "" && value === control.dataset.default)) gap = true;
    else given.push(gap ? `${control.dataset.parameter}=${value}` : value);
  }
  return `${step.dataset.operation}(${given.join(", ")})`;
}

const inOrder = (step) => step.querySelectorAll("[data-parameter]");

function composed() {
  // what the forms do not show stays as it was written
  const before = frame.page === null ? [] : [`page(${frame.page})`];
  const after = frame.output === null ? [] : [`output(${frame.output})`];
  return [...before, ...[...steps.children].map(stepText), ...after].join(" | ");
}

function formsChanged() {
  input.value = composed();
  for (const step of steps.children) placehold(step);
  understand({ rebuild: false });
}

function placehold(step) {
  for (const control of step.querySelectorAll("[data-follows]")) {
    const leader = control.dataset.follows && step.querySelector(`[data-parameter="${control.dataset.follows}"]`);
    if (leader) control.placeholder = leader.value;
  }
}

// --- text to forms -------------------------------------------------------------------------------------------------

function rebuild(told) {
  const open = [...steps.children].map((step) => step.querySelector("details")?.open ?? false);
  steps.replaceChildren(
    ...told.map((each, index) => {
      const step = newStep(each.operation);
      for (const control of inOrder(step)) put(control, each.arguments);
      const details = step.querySelector("details");
      if (details) details.open = open[index] ?? false;
      placehold(step);
      return step;
    }),
  );
}

function put(control, values) {
  const value = values[control.dataset.parameter];
  if (control.type === "checkbox") control.checked = value;
  else if (control.dataset.follows && value === values[control.dataset.follows]) control.value = "";
  else control.value = Array.isArray(value) ? matrixText(value) : String(value);
}

const matrixText = (rows) => `[${rows.map((row) => row.join(", ")).join("; ")}]`;

function newStep(operation) {
  return cloned(document.querySelector(`template[data-step="${CSS.escape(operation)}"]`));
}

// --- what it means -------------------------------------------------------------------------------------------------

async function understand({ rebuild: again }) {
  clearTimeout(timer);
  const text = input.value;
  const number = ++asked;
  let response, answer;
  try {
    response = await ask(`/api/pipeline?${new URLSearchParams({ text })}`);
    answer = await response.json();
  } catch {
    return;
  }
  // an answer that was overtaken by another keystroke is of no interest
  if (number !== asked) return;
  valid = response.ok;
  input.setAttribute("aria-invalid", String(!valid));
  if (valid) {
    show(error, false);
    note.textContent = answer.result;
    frame = { page: answer.page, output: answer.output };
    if (again) rebuild(answer.steps);
    remember(answer.canonical);
  } else {
    point(text, answer);
  }
}

/** Show the text with the character at fault marked, and the reason below it. */
function point(text, problem) {
  const echo = error.querySelector(".echo");
  const at = Math.min(problem.position ?? 0, text.length);
  const mark = document.createElement("mark");
  mark.textContent = text.slice(at, at + 1) || " ";
  echo.replaceChildren(text.slice(0, at), mark, text.slice(at + 1));
  error.querySelector(".why").textContent = problem.detail ?? told(problem);
  show(error, true);
}

function remember(text) {
  try {
    localStorage.setItem(REMEMBERED, text);
  } catch {
    // a browser that remembers nothing still works
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

// --- hands ---------------------------------------------------------------------------------------------------------

function clicked(event) {
  const button = event.target.closest("button");
  const step = button?.closest(".step");
  if (!step) return;
  if ("remove" in button.dataset && steps.children.length > 1) {
    (step.nextElementSibling ?? step.previousElementSibling).querySelector("button, input, select")?.focus();
    step.remove();
  } else if (button.dataset.move === "-1") {
    step.previousElementSibling?.before(step);
    button.focus();
  } else if (button.dataset.move === "1") {
    step.nextElementSibling?.after(step);
    button.focus();
  }
  formsChanged();
}

function added() {
  if (!adder.value) return;
  const step = newStep(adder.value);
  steps.append(step);
  adder.value = "";
  formsChanged();
  step.querySelector("[data-parameter]")?.focus();
}

function taken() {
  if (!taker.value) return;
  input.value = taker.value;
  taker.value = "";
  understand({ rebuild: true });
}

export function startPipeline() {
  steps.addEventListener("input", formsChanged);
  steps.addEventListener("click", clicked);
  adder.addEventListener("change", added);
  taker.addEventListener("change", taken);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => understand({ rebuild: true }), PAUSE);
  });
  const last = remembered();
  if (last && last !== input.value) input.value = last;
  if (last) understand({ rebuild: true });
  for (const step of steps.children) placehold(step);
}
