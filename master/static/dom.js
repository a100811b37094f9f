// Small things that every module needs: fields of a cloned template, and how times and sizes are written.

import "./trusted.js";
import { language, say } from "./strings.js";

/** The element of `root` (or `root` itself) that shows `name`. */
export const field = (root, name) => root.querySelector(`[data-field="${name}"]`);

// control, format, surrogate and separator characters, but not the joiners that scripts and emoji are written with
const HIDDEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What strangers named, harmlessly: as the server writes it, with the invisible spelled out (`\x1b`, `\u202e`). */
export const shown = (text) =>
  text.replace(HIDDEN, (character) => {
    const digits = character.codePointAt(0).toString(16);
    if (digits.length <= 2) return `\\x${digits.padStart(2, "0")}`;
    return digits.length <= 4 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
  });

/** Write `text` into a field, harmlessly, and without touching the page where nothing changes. */
export function write(root, name, text) {
  const element = field(root, name);
  const harmless = shown(text);
  if (element && element.textContent !== harmless) element.textContent = harmless;
}

/** Fill an element with a sentence, as harmlessly; what stands in backticks is code (master/templates: the filter `marked`). */
export function marked(element, text) {
  const parts = shown(text).split(/`([^`]+)`/);
  if (element.textContent === parts.join("")) return;
  const code = (part) => Object.assign(document.createElement("code"), { textContent: part });
  element.replaceChildren(...parts.map((part, at) => (at % 2 ? code(part) : part)));
}

/** Show or hide an element. */
export function show(element, visible) {
  if (element && element.hidden === visible) element.hidden = !visible;
}

/** The only element of a template, cloned. */
export const cloned = (template) => template.content.firstElementChild.cloneNode(true);

/** How long ago a time (seconds since the epoch) is, as the server writes it. */
export function ago(time) {
  if (!time) return "";
  const seconds = Math.max(0, Date.now() / 1000 - time);
  if (seconds < 2) return say("time.now");
  if (seconds < 60) return say("time.seconds_ago", { count: Math.floor(seconds) });
  if (seconds < 3600) return say("time.minutes_ago", { count: Math.floor(seconds / 60) });
  if (seconds < 86400) return say("time.hours_ago", { count: Math.floor(seconds / 3600) });
  return say("time.days_ago", { count: Math.floor(seconds / 86400) });
}

const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });

/** A time (seconds since the epoch) where the reader is, as the page's language writes it. */
export const moment = (time) => (time ? moments.format(new Date(time * 1000)) : "");

const exactly = (digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const [whole, tenths, hundredths] = [exactly(0), exactly(1), exactly(2)];

export const seconds = (amount) => (amount ? `${hundredths.format(amount)} s` : "");

export const pixels = (job) => (job.width ? `${whole.format(job.width)} × ${whole.format(job.height)}` : "");

export function bytes(count) {
  let size = count;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (size < 1000 || unit === "GB") return unit === "B" ? `${size} B` : `${tenths.format(size)} ${unit}`;
    size /= 1000;
  }
}

/** Fill in what a row of the job list and the head of a job's page both show; what stays as it is is not touched. */
export function fillJob(root, job) {
  if (root.dataset.state !== job.state) root.dataset.state = job.state;
  const badge = field(root, "state");
  if (badge.dataset.state !== job.state) badge.dataset.state = job.state;
  write(root, "state", say(`jobs.state.${job.state}`));
  write(root, "pipeline", job.pipeline);
  write(root, "reason", job.reason);
  marked(field(root, "advice"), job.advice);
  show(field(root, "why"), Boolean(job.reason));
  const progress = field(root, "progress");
  show(progress, job.state === "RUNNING");
  if (job.progress) {
    progress.max = job.progress.total;
    progress.value = job.progress.done;
  } else {
    progress.removeAttribute("value");
  }
}

export const isOver = (job) => job.state !== "QUEUED" && job.state !== "RUNNING";
