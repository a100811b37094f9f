// Which image is previewed: one of the last jobs', the sample, or a file of one's own that is stored nowhere.

import { bytes, pixels, shown } from "../dom.js";
import { linked } from "../linked.js";
import { ask } from "../session.js";
import { passing } from "../storage.js";
import { say } from "../strings.js";
import { FileImage, JobImage } from "./regions.js";

const MOST = 12;
const SAMPLE = new URL("./sample.jpg", import.meta.url);
const CHOSEN = "tilework.preview.image";

const select = document.getElementById("preview-image");
const input = document.getElementById("preview-file");

let jobs = [];
// the job that is shown, or that a link names, though it is none of the last
let other = null;
let own = null;
let sample = null;
let current = "";
let choices = 0;

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

/** The job of that id; null where there is none whose image can be shown. */
async function jobOf(id) {
  const response = await ask(`/api/jobs/${encodeURIComponent(id)}`, { headers: { Accept: "application/json" } }).catch(() => null);
  const job = response?.ok ? await response.json().catch(() => null) : null;
  return job?.key ? job : null;
}

const offered = () => (other && !jobs.some((job) => job.id === other.id) ? [other, ...jobs] : jobs);

function option(value, text) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = text;
  return element;
}

function fill() {
  const group = document.createElement("optgroup");
  group.label = say("preview.last_images");
  group.append(...offered().map((job) => option(job.id, [shown(job.name), pixels(job)].filter(Boolean).join(", "))));
  const last = [option("sample", say("preview.sample_picture"))];
  if (own) last.push(option("own", shown(own.name)));
  last.push(option("file", say("preview.file")));
  select.replaceChildren(...(offered().length ? [group] : []), ...last);
  select.value = current;
}

async function sampleImage() {
  if (!sample) {
    const response = await fetch(SAMPLE);
    if (!response.ok) throw new Error(response.statusText);
    sample = new FileImage(await response.blob(), say("preview.sample_picture"), "sample");
  }
  return sample;
}

const remembered = () => passing.get(CHOSEN);

/** Show what is chosen; where it takes a while and something else is chosen meanwhile, only that. */
async function chosen(value, { changed, refused }) {
  const mine = ++choices;
  current = value;
  select.value = value;
  const job = offered().find((each) => each.id === value);
  if (job) other = job;
  if (job) return changed(new JobImage(job));
  if (value === "own") return changed(own);
  const image = await sampleImage().catch(() => null);
  if (mine !== choices) return;
  if (image) changed(image);
  else refused(say("page.no_answer"));
}

/** Offer the images; `changed(image)` hears of each choice, the first one as well, `refused(text)` of a file of more than `most` bytes. */
export async function startChoice(changed, refused, most) {
  const hears = { changed, refused };
  select.addEventListener("change", () => {
    if (select.value !== "file") {
      passing.set(CHOSEN, select.value);
      chosen(select.value, hears);
      return;
    }
    select.value = current;
    input.click();
  });
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > most) return refused(say("preview.file_too_large", { size: bytes(most) }));
    own?.release();
    own = new FileImage(file, file.name, `own ${file.name} ${file.size} ${file.lastModified}`);
    fill();
    chosen("own", hears);
  });
  const renew = async () => {
    const before = jobs.length;
    jobs = await lastJobs();
    fill();
    // the first image of one's own is more interesting than the sample
    if (!before && jobs.length && current === "sample" && remembered() !== "sample") chosen(jobs[0].id, hears);
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
  [jobs, other] = await Promise.all([lastJobs(), linked.job ? jobOf(linked.job) : null]);
  const before = jobs.find((job) => job.id === remembered())?.id ?? (remembered() === "sample" ? "sample" : jobs[0]?.id);
  current = other?.id ?? before ?? "sample";
  fill();
  await chosen(current, hears);
}
