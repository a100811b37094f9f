// Uploads that were begun here, in a tab that was closed since: they go on by themselves where the browser kept the file, else
// when it is chosen again.

import { bytes, cloned, field, moment, show, write } from "../dom.js";
import { begun } from "./memory.js";
import { callOff, isHeld, isSame, storedBytes } from "./parts.js";
import { say } from "../strings.js";

const zone = document.getElementById("unfinished");
const list = document.getElementById("unfinished-uploads");
const prototype = document.getElementById("unfinished-row");

// what is asked for, by the keys of their uploads
const rows = new Map();

/** `resume(upload, file)` goes on with an upload. */
export async function startUnfinished(resume) {
  for (const upload of await begun.all()) {
    if (!(await isHeld(upload.key))) await offer(upload, resume).catch(() => {});
  }
}

async function offer(upload, resume) {
  const sent = await storedBytes(upload, new AbortController().signal);
  if (sent === null) {
    await begun.forget(upload.key);
    return;
  }
  const kept = await keptFile(upload);
  if (kept) resume(upload, kept);
  else ask(upload, sent, resume);
}

/** The file, where the browser kept it and lets it be read without asking. */
async function keptFile(upload) {
  try {
    if ((await upload.handle?.queryPermission({ mode: "read" })) !== "granted") return null;
    const file = await upload.handle.getFile();
    return (await isSame(upload, file)) ? file : null;
  } catch {
    return null;
  }
}

function ask(upload, sent, resume) {
  const row = cloned(prototype);
  write(row, "name", upload.name);
  write(row, "pipeline", upload.pipeline);
  const told = { done: bytes(sent), all: bytes(upload.size), since: moment(upload.since / 1000) };
  write(row, "sent", say("upload.unfinished_sent", told));
  field(row, "progress").value = sent / upload.size;
  const go = async (file) => {
    if (await isSame(upload, file)) {
      taken(upload.key);
      resume(upload, file);
    } else {
      write(row, "why", say("upload.another_file", { name: upload.name }));
      show(field(row, "why"), true);
    }
  };
  const input = field(row, "file");
  input.setAttribute("aria-label", say("upload.choose_again", { name: upload.name }));
  input.addEventListener("change", () => {
    if (input.files.length) go(input.files[0]);
  });
  show(field(row, "allow"), Boolean(upload.handle));
  field(row, "allow").addEventListener("click", async () => {
    const allowed = await upload.handle.requestPermission({ mode: "read" }).catch(() => "denied");
    const file = allowed === "granted" ? await upload.handle.getFile().catch(() => null) : null;
    if (file) await go(file);
    else show(field(row, "allow"), false);
  });
  field(row, "forget").addEventListener("click", () => {
    taken(upload.key);
    callOff(upload);
  });
  rows.set(upload.key, row);
  list.append(row);
  show(zone, true);
}

/** An upload goes on, or is forgotten: its file is asked for no more. */
export function taken(key) {
  rows.get(key)?.remove();
  rows.delete(key);
  show(zone, list.children.length > 0);
}
