// A large file in parts: each is signed for, sent by itself, and sent again alone when the line was cut. What was begun is
// remembered, so that whoever comes back goes on behind the parts that are there.

import { sha256 } from "../digest.js";
import { digest } from "./fingerprint.js";
import { begun } from "./memory.js";
import { Refused, asked, persist } from "./persist.js";
import { send } from "./transfer.js";
import { described } from "./whole.js";

const ADDRESS = "/api/uploads/multipart";
const AT_ONCE = 3;
const SIGNED_AHEAD = 8;
const GOOD_PART = 0.8;
// how often an upload that turns out to be over, or to lack parts, is taken up anew
const MOST_ROUNDS = 3;

const FORBIDDEN = 403;
const NOT_FOUND = 404;
const CONFLICT = 409;
const GONE = 410;

const isOver = (error) => error instanceof Refused && (error.status === GONE || error.status === NOT_FOUND);

/** Upload `file`; returns the key under which its job will be found. `handle` is kept, where the browser gave one. */
export async function sendInParts(file, order, hooks) {
  for (let round = 1; ; round += 1) {
    const mine = (await begun.all()).filter((each) => each.batch === order.batch);
    const upload = (await recalled(mine, file, order)) ?? (await start(file, order, hooks));
    hooks.recall?.(upload);
    try {
      return await alone(upload.key, () => new Sending(file, upload, hooks).done());
    } catch (error) {
      if (!isOver(error) || round === MOST_ROUNDS) throw error;
      await begun.forget(upload.key);
    }
  }
}

/** Forget an upload here, and its parts in the bucket. */
export async function callOff(upload) {
  await begun.forget(upload.key);
  await asked("DELETE", `${ADDRESS}?${query(upload)}`, null, AbortSignal.timeout(10000)).catch(() => {});
}

/** How many bytes of an upload are in the bucket; null where it is over. */
export async function storedBytes(upload, signal) {
  try {
    return bytesOf(upload, await stored(upload, { signal }));
  } catch (error) {
    if (isOver(error)) return null;
    throw error;
  }
}

/** Whether `file` looks like the one that an upload was begun with; its parts are looked at byte by byte before it goes on. */
export async function isSame(upload, file) {
  if (upload.size !== file.size) return false;
  return upload.digest ? upload.digest === (await digest(file)) : upload.modified === file.lastModified;
}

/** Of uploads that were begun and not finished that of this file through this pipeline, if there is one. */
export async function recalled(uploads, file, { name, pipeline }) {
  for (const upload of uploads) {
    const alike = upload.name === name && upload.pipeline === pipeline;
    if (alike && !(await isHeld(upload.key)) && (await isSame(upload, file))) return upload;
  }
  return null;
}

async function start(file, order, { signal, waiting, handle }) {
  const told = await persist(() => asked("POST", ADDRESS, described(file, order), signal), { signal, waiting });
  const upload = {
    key: told.key,
    upload: told.upload,
    size: file.size,
    partBytes: told.part_bytes,
    parts: told.parts,
    batch: told.batch,
    name: order.name,
    pipeline: order.pipeline,
    modified: file.lastModified,
    digest: await digest(file),
    // SHA-256 of each part as it was sent, by its number
    marks: {},
    since: Date.now(),
    handle: handle ?? null,
  };
  await begun.keep(upload);
  return upload;
}

const query = ({ key, upload, size }) => new URLSearchParams({ key, upload, size });

const stored = (upload, { signal, waiting }) =>
  persist(() => asked("GET", `${ADDRESS}?${query(upload)}`, null, signal), { signal, waiting }).then(
    (answer) => answer.stored,
  );

const numbersOf = ({ parts }) => Array.from({ length: parts }, (_, index) => index + 1);

const sizeOf = (upload, number) =>
  number < upload.parts ? upload.partBytes : upload.size - (upload.parts - 1) * upload.partBytes;

const bytesOf = (upload, numbers) => numbers.reduce((sum, number) => sum + sizeOf(upload, number), 0);

/** One file on its way. */
class Sending {
  constructor(file, upload, hooks) {
    this.file = file;
    this.upload = upload;
    this.hooks = hooks;
    this.addresses = new Map();
    this.under = new Map();
    this.there = 0;
    this.missing = [];
  }

  async done() {
    const { upload, hooks } = this;
    let there = await this.stored();
    if (!there) return this.complete();
    for (let round = 1; ; round += 1) {
      await this.sendAllBut(there);
      try {
        return await this.complete();
      } catch (error) {
        if (!(error instanceof Refused && error.status === CONFLICT) || round === MOST_ROUNDS) throw error;
        there = await this.own(await stored(upload, hooks));
      }
    }
  }

  /** This file's parts that are there; null where all were, and only the answer to their completion may have been lost. */
  async stored() {
    try {
      return await this.own(await stored(this.upload, this.hooks));
    } catch (error) {
      const all = numbersOf(this.upload);
      if (!isOver(error) || (await this.own(all)).size < all.length) throw error;
      return null;
    }
  }

  async complete() {
    const { key, upload, size } = this.upload;
    await persist(() => asked("POST", `${ADDRESS}/complete`, { key, upload, size }, this.hooks.signal), this.hooks);
    await begun.forget(key);
    return key;
  }

  /**
   * Of the parts that are there those whose bytes are this file's. One that was written anew since may look alike by its name,
   * size and samples, and an image of the pixels of two would be nobody's.
   */
  async own(numbers) {
    // no browser makes digests without TLS: then the file's own time must do
    if (!this.upload.digest) return new Set(numbers);
    const own = new Set();
    for (const number of numbers) {
      this.hooks.signal.throwIfAborted();
      const mark = this.upload.marks?.[number];
      if (mark && mark === (await this.markOf(number))) own.add(number);
    }
    return own;
  }

  bytesOf(number) {
    const start = (number - 1) * this.upload.partBytes;
    return this.file.slice(start, start + sizeOf(this.upload, number));
  }

  async markOf(number) {
    return sha256(await this.bytesOf(number).arrayBuffer());
  }

  /** Note what a part is sent as, before it is: of one that was sent as two things nobody knows which is there. */
  async note(number, signal) {
    if (!this.upload.digest) return;
    const mark = await this.markOf(number);
    const marks = (this.upload.marks ??= {});
    if (marks[number] === mark) return;
    marks[number] = number in marks ? "" : mark;
    signal.throwIfAborted();
    await begun.keep(this.upload);
  }

  async sendAllBut(there) {
    this.there = bytesOf(this.upload, [...there]);
    this.missing = numbersOf(this.upload).filter((number) => !there.has(number));
    this.tell();
    const failed = new AbortController();
    const signal = AbortSignal.any([this.hooks.signal, failed.signal]);
    const line = async () => {
      while (this.missing.length) await this.sendPart(this.missing.shift(), signal);
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, line));
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  }

  async sendPart(number, signal) {
    await this.note(number, signal);
    const bytes = this.bytesOf(number);
    const size = sizeOf(this.upload, number);
    let signedAnew = false;
    return persist(
      async () => {
        const address = await this.address(number, signal);
        try {
          await send("PUT", address, bytes, {
            file: this.file,
            signal,
            progress: (count) => {
              this.under.set(number, count);
              this.tell();
            },
          });
        } catch (error) {
          this.addresses.delete(number);
          // its life was over by the bucket's clock
          if (!(error instanceof Refused && error.status === FORBIDDEN) || signedAnew) throw error;
          signedAnew = true;
          const again = await this.address(number, signal);
          await send("PUT", again, bytes, { file: this.file, signal, progress: () => {} });
        }
        this.under.delete(number);
        this.there += size;
        this.tell();
      },
      { signal, waiting: this.hooks.waiting },
    );
  }

  /** Where to put a part; those that come next are signed for as well. */
  async address(number, signal) {
    const known = this.addresses.get(number);
    if (known && Date.now() < known.good) return known.url;
    const numbers = [number, ...this.missing.filter((each) => !this.addresses.has(each)).slice(0, SIGNED_AHEAD - 1)];
    const { key, upload, size } = this.upload;
    const answer = await asked("POST", `${ADDRESS}/parts`, { key, upload, size, numbers }, signal);
    const good = Date.now() + answer.expires * 1000 * GOOD_PART;
    for (const part of answer.parts) this.addresses.set(part.number, { url: part.url, good });
    return this.addresses.get(number).url;
  }

  tell() {
    let sum = this.there;
    for (const count of this.under.values()) sum += count;
    this.hooks.progress(Math.min(sum, this.upload.size));
  }
}

// --- two tabs ------------------------------------------------------------------------------------------------------

const lock = (key) => `tilework ${key}`;

/** Do `work` while no other tab sends the same upload. */
const alone = (key, work) => (navigator.locks ? navigator.locks.request(lock(key), work) : work());

/** Whether a tab sends this upload now. */
export async function isHeld(key) {
  const locks = await navigator.locks?.query();
  return Boolean(locks?.held.some((held) => held.name === lock(key)));
}
