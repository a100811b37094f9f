// Results of many jobs: in one ZIP archive, made here from the bucket's own addresses, or as a list of where they are.

import { save } from "../save.js";
import { ask } from "../session.js";
import { Zip } from "./zip.js";

const AHEAD = 4;
const IDS_AT_ONCE = 50;
// of a file that is read whole before it is written; a larger one is passed on as it comes
const WHOLE = 64e6;
/** Bytes that are kept in memory where the browser cannot write to a file. */
export const MOST_IN_MEMORY = 1e9;

export class TooLargeError extends Error {}

async function answered(query, signal) {
  const response = await ask(`/api/downloads?${query}`, { headers: { Accept: "application/json" }, signal });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

/** Where the results of a batch are, one by one; asked for as they are wanted, for the addresses are good for a while only. */
export async function* resultsOfBatch(batch, signal) {
  let before = "";
  do {
    const answer = await answered(new URLSearchParams({ batch, before }), signal);
    yield* answer.downloads;
    before = answer.next;
  } while (before);
}

/** Where the results of these jobs are, one by one. */
export async function* resultsOfJobs(ids, signal) {
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const query = new URLSearchParams({ ids: ids.slice(at, at + IDS_AT_ONCE).join(",") });
    yield* (await answered(query, signal)).downloads;
  }
}

// --- where the archive goes ------------------------------------------------------------------------------------------------

/** A file that the reader chose, or the browser's memory; null where they chose none. Must follow a click at once. */
export async function target(name) {
  if (!window.showSaveFilePicker) return memory(name);
  try {
    const types = [{ accept: { "application/zip": [".zip"] } }];
    const file = await (await window.showSaveFilePicker({ suggestedName: name, types })).createWritable();
    return { write: (bytes) => file.write(bytes), close: () => file.close(), abort: () => file.abort() };
  } catch (error) {
    if (error.name === "AbortError") return null;
    return memory(name);
  }
}

function memory(name) {
  const parts = [];
  let size = 0;
  return {
    write(bytes) {
      size += bytes.length;
      if (size > MOST_IN_MEMORY) throw new TooLargeError();
      parts.push(bytes);
    },
    close: () => save(new Blob(parts, { type: "application/zip" }), name),
    abort: () => parts.splice(0),
  };
}

// --- the archive -----------------------------------------------------------------------------------------------------------

/** Names that are not there yet: a second harbour.png becomes harbour (2).png. */
function names() {
  const taken = new Set();
  return (name) => {
    const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/s.exec(name);
    let free = name;
    for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${stem} (${number})${suffix ?? ""}`;
    taken.add(free.toLowerCase());
    return free;
  };
}

async function begun(result, signal) {
  const response = await fetch(result.url, { signal });
  if (!response.ok) throw new Error(response.statusText);
  if (Number(response.headers.get("Content-Length") ?? Infinity) > WHOLE) return { stream: response.body };
  return { bytes: new Uint8Array(await response.arrayBuffer()) };
}

/** Some are asked for while others are written: pairs of a result and the promise of its bytes, in order. */
async function* ahead(results, signal) {
  const queue = [];
  for await (const result of results) {
    const coming = begun(result, signal);
    // who waits for it hears of it; nobody else need
    coming.catch(() => {});
    queue.push([result, coming]);
    if (queue.length >= AHEAD) yield queue.shift();
  }
  yield* queue;
}

/**
 * Pack results into an archive at `to`; `told(count, bytes)` hears how far it is. Resolves to how many are in it, how many
 * could not be had, and its size in bytes. Throws where it cannot be finished; then nothing is left of it.
 */
export async function pack(results, to, { signal, told }) {
  const zip = new Zip(to.write);
  const free = names();
  let [count, missing] = [0, 0];
  try {
    for await (const [result, coming] of ahead(results, signal)) {
      signal.throwIfAborted();
      const file = await coming.catch(() => null);
      signal.throwIfAborted();
      if (!file) {
        missing += 1;
        continue;
      }
      if (file.stream) await zip.stream(free(result.name), file.stream);
      else await zip.add(free(result.name), file.bytes);
      count += 1;
      told(count, zip.offset);
    }
    await zip.close();
    await to.close();
  } catch (error) {
    await to.abort();
    throw error;
  }
  return { count, missing, size: zip.offset };
}

// what a local system's bucket is reached with
const CREDENTIALS = "set -a; . .tilework/local.env; set +a";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A shell script that copies results by the AWS command line. */
export async function script(results) {
  const free = names();
  const lines = ["#!/bin/sh", "set -e"];
  for await (const { s3, name, endpoint } of results) {
    if (endpoint && lines.length === 2) lines.push(`# first, in Tilework's folder: ${CREDENTIALS}`);
    lines.push(`aws s3 cp ${quoted(s3)} ${quoted(`./${free(name)}`)}${endpoint && ` --endpoint-url ${quoted(endpoint)}`}`);
  }
  return `${lines.join("\n")}\n`;
}
