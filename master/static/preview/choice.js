// Which image is previewed: one of the last jobs', the sample, or a file of one's own that goes nowhere else.

import { pixels, shown } from "../dom.js";
import { ask } from "../session.js";
import { say } from "../strings.js";
import { FileImage, JobImage } from "./regions.js";

const MOST = 12;
const MOST_BYTES = 4 * 1024 * 1024;
const SAMPLE = new URL("./sample.jpg", import.meta.url);
const CHOSEN = "tilework.preview.image";

const select = document.getElementById("preview-image");
const input = document.getElementById("preview-file");

let jobs = [];
let own = null;
let sample = null;
let current = "";

async function lastJobs() {
  try {
    const response = await ask(`/api/jobs?limit=${MOST}`, { headers: { Accept: "application/json" } });
    const listed = response.ok ? (await response.json()).jobs : [];
    // what could not be read once cannot be previewed either
    return listed.filter((job) => job.key && (job.state === "DONE" || job.state === "RUNNING" || job.state === "QUEUED"));
  } catch {
    return jobs;
  }
}

function option(value, text) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = text;
  return element;
}

function fill() {
  const group = document.createElement("optgroup");
  group.label = say("preview.last_images");
  group.append(...jobs.map((job) => option(job.id, [shown(job.name), pixels(job)].filter(Boolean).join(", "))));
  const last = [option("sample", say("preview.sample_picture"))];
  if (own) last.push(option("own", shown(own.name)));
  last.push(option("file", say("preview.file")));
  select.replaceChildren(...(jobs.length ? [group] : []), ...last);
  select.value = current;
}

async function sampleImage() {
  sample ??= new FileImage(await (await fetch(SAMPLE)).blob(), say("preview.sample_picture"), "sample");
  return sample;
}

function remember(value) {
  try {
    sessionStorage.setItem(CHOSEN, value);
  } catch {
    // a browser that remembers nothing still works
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(CHOSEN);
  } catch {
    return null;
  }
}

async function chosen(value, changed) {
  current = value;
  select.value = value;
  const job = jobs.find((each) => each.id === value);
  if (job) changed(new JobImage(job));
  else if (value === "own") changed(own);
  else changed(await sampleImage());
}

/** Offer the images; `changed(image)` hears of each choice, the first one as well, `refused(text)` of a file too large. */
export async function startChoice(changed, refused) {
  select.addEventListener("change", () => {
    if (select.value !== "file") {
      remember(select.value);
      chosen(select.value, changed);
      return;
    }
    select.value = current;
    input.click();
  });
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > MOST_BYTES) return refused(say("preview.file_too_large"));
    own = new FileImage(file, file.name, `own ${file.name} ${file.size} ${file.lastModified}`);
    fill();
    chosen("own", changed);
  });
  const renew = async () => {
    const before = jobs.length;
    jobs = await lastJobs();
    fill();
    // the first image of one's own is more interesting than the sample
    if (!before && jobs.length && current === "sample" && remembered() !== "sample") chosen(jobs[0].id, changed);
  };
  select.addEventListener("focus", renew);
  document.addEventListener("visibilitychange", () => document.hidden || renew());
  const list = document.getElementById("jobs");
  let timer = 0;
  if (list) {
    // the first images of one's own: as soon as they are seen below
    new MutationObserver(() => {
      clearTimeout(timer);
      if (!jobs.length) timer = setTimeout(renew, 300);
    }).observe(list, { childList: true });
  }
  jobs = await lastJobs();
  current = jobs.find((job) => job.id === remembered())?.id ?? (remembered() === "sample" ? "sample" : jobs[0]?.id ?? "sample");
  fill();
  await chosen(current, changed);
}
