// The pipeline builder: chips, forms and text are views of one thing, kept equal. What a text means is the server's to say.

import { copied } from "../clipboard.js";
import { show } from "../dom.js";
import { later } from "../later.js";
import { linked } from "../linked.js";
import { lasting } from "../storage.js";
import { say } from "../strings.js";
import { chipsIn } from "./chips.js";
import { formIn } from "./form.js";
import { frameIn } from "./frame.js";
import { compose, faultsOf, firstValues, valuesOf } from "./language.js";
import { linkTo } from "./links.js";
import { point, reader } from "./meaning.js";
import { known, learn, operations } from "./operations.js";

/** Milliseconds after the last keystroke, and after the last move of a slider, until the server is asked. */
const PAUSE = { text: 200, form: 80 };

const REMEMBERED = "tilework.pipeline";

/** Changes that can be undone. */
const MOST_UNDONE = 50;

const byId = (id) => document.getElementById(id);
const section = byId("pipeline");
const input = byId("pipeline-text");
const error = byId("pipeline-error");
const note = byId("pipeline-note");
const panel = byId("step");
const taker = byId("take-preset");
const adder = byId("add-operation");

/** A step is `{ operation, values }`: what its operation declares, and the text of each parameter, empty where none is given. */
const state = { page: "", steps: [], output: "", chosen: null };

const read = reader();
const before = [];
let valid = true;
/** Whether nobody has chosen anything yet: then the default makes room for the first choice. */
let untouched = true;
/** What the server says is wrong: `{ step, name, sentence }`. */
let told = null;
let published = "";
let timer = 0;
let chips, form, frame;

const catalogue = later(async () => {
  const [{ catalogueIn }, all] = await Promise.all([import("./catalogue.js"), operations()]);
  return catalogueIn(byId("catalogue"), all, add);
});
const presets = later(async () => {
  const { presetsIn } = await import("./presets.js");
  return presetsIn(byId("presets"), pipelineText, taken);
});

/** The pipeline's text, or null where it cannot be understood. */
export const pipelineText = () => (valid ? input.value : null);

export const focusPipeline = () => input.focus();

/** Fill the builder with a text; resolves when chips and forms show it. */
export function setPipeline(text) {
  untouched = false;
  input.value = text;
  return understand({ rebuild: true });
}

// --- what it means -------------------------------------------------------------------------------------------------

/** Tell everyone who wants to know (`tilework:pipeline` on the document, with `{ text, valid }`), if it is something new. */
function publish() {
  const detail = { text: input.value, valid };
  if (JSON.stringify(detail) === published) return;
  published = JSON.stringify(detail);
  byId("copied").textContent = "";
  document.dispatchEvent(new CustomEvent("tilework:pipeline", { detail }));
}

async function understand({ rebuild }) {
  clearTimeout(timer);
  const text = input.value;
  if (!text.trim()) return nothing(rebuild);
  const meaning = await read(text);
  if (!meaning || text !== input.value) return;
  valid = meaning.valid;
  told = null;
  offer(valid ? null : meaning.answer.preset);
  input.setAttribute("aria-invalid", String(!valid));
  if (valid) understood(meaning.answer);
  else refused(text, meaning.answer, rebuild);
  // what is true of the text need not wait for forms of operations that are not known yet
  publish();
  if (valid && rebuild) {
    await learn(meaning.answer.steps.map((each) => each.operation));
    if (text !== input.value) return;
    take(meaning.answer);
  }
  draw();
}

/** Offer the operations of a preset that the text names. */
function offer(preset) {
  show(taker, Boolean(preset));
  if (!preset) return;
  taker.textContent = say("builder.take_preset", preset);
  taker.onclick = () => taken(preset.text, preset.name);
}

function understood(answer) {
  point(error, "", null);
  note.textContent = answer.result;
  section.removeAttribute("data-stale");
  frame.offer(answer.outputs);
  if (!untouched) remember(answer.canonical);
}

function refused(text, problem, rebuild) {
  point(error, text, problem);
  // what was typed cannot be shown
  note.textContent = rebuild && state.steps.length ? say("builder.stale") : "";
  section.toggleAttribute("data-stale", rebuild);
  const { text: composed, spans } = compose(state);
  if (composed !== text || typeof problem.position !== "number") return;
  const span = spans.find(({ begin, end }) => begin <= problem.position && problem.position < end) ?? spans.at(-1);
  told = span && { step: span.step, name: span.parameter, sentence: problem.detail };
}

/** An empty pipeline: nothing is wrong with it, but nothing can be done by it. */
function nothing(rebuild) {
  valid = false;
  told = null;
  offer(null);
  if (rebuild) Object.assign(state, { page: "", steps: [], output: "", chosen: null });
  point(error, "", null);
  input.removeAttribute("aria-invalid");
  section.removeAttribute("data-stale");
  note.textContent = say("builder.empty");
  draw();
  publish();
}

/** Make steps of what the server understood; those that are the same operation at the same place stay the same. */
function take(answer) {
  // a master that has just been started with other operations: forms know them after a reload
  if (!answer.steps.every((each) => known.has(each.operation))) return;
  const at = state.steps.indexOf(state.chosen);
  state.page = answer.page === null ? "" : String(answer.page);
  state.output = answer.output ?? "";
  state.steps = answer.steps.map((each, index) => {
    const operation = known.get(each.operation);
    const values = valuesOf(operation, each.arguments);
    const old = state.steps[index];
    return old?.operation === operation ? Object.assign(old, { values }) : { operation, values };
  });
  state.chosen = state.steps[Math.min(Math.max(at, 0), state.steps.length - 1)] ?? null;
}

// --- what is shown -------------------------------------------------------------------------------------------------

function draw() {
  const faulty = new Set(state.steps.filter((each) => faultsOf(each).size || each === told?.step));
  chips.draw(state.steps, state.chosen, faulty);
  show(panel, Boolean(state.chosen));
  form.show(state.chosen);
  form.faults(told?.step === state.chosen ? told : null);
  frame.show(state, told);
  const at = state.steps.indexOf(state.chosen);
  panel.querySelector('[data-does="earlier"]').disabled = at <= 0;
  panel.querySelector('[data-does="later"]').disabled = at === state.steps.length - 1;
  show(byId("pipeline-none"), !state.steps.length);
}

/** Chips or forms have changed: write the text anew, and let the server say what it means. */
function changed() {
  untouched = false;
  input.value = compose(state).text;
  told = null;
  valid = Boolean(input.value) && frame.fine() && !state.steps.some((each) => faultsOf(each).size);
  draw();
  // who shows a preview need not wait for the server's word
  publish();
  clearTimeout(timer);
  timer = setTimeout(() => understand({ rebuild: false }), PAUSE.form);
}

const tell = (sentence) => (byId("pipeline-told").textContent = sentence);

// --- undo ----------------------------------------------------------------------------------------------------------

/** Remember what is about to be lost, and offer it back; `sentence` says what happened. */
function undoable(sentence) {
  before.push({ text: input.value, at: state.steps.indexOf(state.chosen), untouched });
  before.splice(0, before.length - MOST_UNDONE);
  // shown first: what is hidden is not read out
  show(byId("undo-bar"), true);
  byId("undo-told").textContent = sentence;
}

const settled = () => show(byId("undo-bar"), false);

async function undo() {
  const last = before.pop();
  settled();
  if (!last) return;
  await setPipeline(last.text);
  untouched = last.untouched;
  state.chosen = state.steps[last.at] ?? state.chosen;
  draw();
  tell(say("builder.undone"));
  if (state.chosen) chips.focus(state.chosen);
  else adder.focus();
}

// --- hands ---------------------------------------------------------------------------------------------------------

function choose(step) {
  state.chosen = step;
  draw();
}

function add(operation) {
  const step = { operation, values: firstValues(operation) };
  settled();
  if (untouched && state.steps.length) {
    undoable(say("builder.default_replaced", { text: input.value }));
    Object.assign(state, { page: "", steps: [step], output: "" });
  } else {
    state.steps.push(step);
  }
  state.chosen = step;
  changed();
  tell(say("builder.added", { name: operation.name, at: state.steps.length, count: state.steps.length }));
  chips.focus(step);
}

function move(step, to) {
  settled();
  state.steps.splice(state.steps.indexOf(step), 1);
  state.steps.splice(to, 0, step);
  state.chosen = step;
  changed();
  tell(say("builder.moved", { name: step.operation.name, at: to + 1, count: state.steps.length }));
}

function remove(step) {
  undoable(say("builder.removed", { name: step.operation.name }));
  const at = state.steps.indexOf(step);
  state.steps.splice(at, 1);
  state.chosen = state.steps[Math.min(at, state.steps.length - 1)] ?? null;
  changed();
  if (state.chosen) chips.focus(state.chosen);
  else byId("undo").focus();
}

function pressed(event) {
  const does = event.target.closest("button")?.dataset.does;
  const at = state.steps.indexOf(state.chosen);
  if (does === "remove") remove(state.chosen);
  else if (does === "earlier" && at > 0) move(state.chosen, at - 1);
  else if (does === "later" && at < state.steps.length - 1) move(state.chosen, at + 1);
}

async function taken(text, name) {
  if (untouched || !input.value.trim()) settled();
  else undoable(say("builder.replaced", { name }));
  await setPipeline(text);
  tell(say("builder.taken", { name }));
  if (state.chosen) chips.focus(state.chosen);
  else byId("open-presets").focus();
}

async function copy(text, sentence) {
  const done = await copied(text);
  tell("");
  tell(done ? sentence : say("builder.not_copied"));
  byId("copied").textContent = done ? sentence : say("builder.not_copied");
  if (!done) input.select();
}

// --- memory --------------------------------------------------------------------------------------------------------

const remember = (text) => lasting.set(REMEMBERED, text);

// --- start ---------------------------------------------------------------------------------------------------------

/** Let a button open a dialog, which is loaded when a hand comes near. */
function opens(button, dialog) {
  for (const near of ["pointerenter", "focus"]) {
    button.addEventListener(near, () => dialog().catch(() => {}), { once: true });
  }
  let opening = false;
  button.addEventListener("click", async () => {
    if (opening) return;
    opening = true;
    try {
      (await dialog()).open();
    } catch {
      byId("copied").textContent = say("page.no_answer");
    }
    opening = false;
  });
}

export async function startPipeline() {
  const first = linked.pipeline?.slice(0, input.maxLength) ?? lasting.get(REMEMBERED);
  if (first !== null) {
    untouched = first === input.value;
    input.value = first;
  }
  input.addEventListener("input", () => {
    untouched = false;
    settled();
    clearTimeout(timer);
    timer = setTimeout(() => understand({ rebuild: true }), PAUSE.text);
  });
  form = formIn(panel, changed);
  frame = frameIn(section, (name, value) => {
    state[name] = value;
    changed();
  });
  chips = chipsIn(byId("chips"), byId("chip"), { choose, move, remove });
  panel.addEventListener("click", pressed);
  section.addEventListener("keydown", (event) => {
    const isUndo = event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
    if (!isUndo || event.target.closest("input, dialog") || !before.length) return;
    event.preventDefault();
    undo();
  });
  byId("undo").addEventListener("click", undo);
  byId("copy-text").addEventListener("click", () => copy(input.value, say("builder.text_copied")));
  byId("copy-link").addEventListener("click", () => copy(linkTo(input.value), say("builder.link_copied")));
  opens(adder, catalogue);
  opens(byId("open-presets"), presets);
  adder.disabled = false;
  await understand({ rebuild: true });
}
