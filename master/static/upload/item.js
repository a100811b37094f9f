// One file of a drop, from when it was dropped until its job is known.

import { digest } from "./fingerprint.js";
import { dropped } from "./memory.js";
import { Lost, Refused, asked, persist } from "./persist.js";
import { say } from "../strings.js";
import { sendWhole } from "./whole.js";

const NOT_FOUND = 404;
// a limit may be raised; a name stays what it is, and is refused again
const TOO_LONG = "name_too_long";
// files of more bytes than this come in parts
const LARGE = 16 * 2 ** 20;

export const State = {
  WAITING: "WAITING",
  UPLOADING: "UPLOADING",
  QUEUED: "QUEUED",
  FAILED: "FAILED",
  DUPLICATE: "DUPLICATE",
  SKIPPED: "SKIPPED",
};

// what this page sends or has sent, by its mark, beside what was remembered
const here = new Map();

/** What is to be done with a file is its drop's: `pipeline`, `batch`; `changed()` is called when something is to be shown. */
export class Item {
  constructor({ file, handle, path }, drop) {
    this.file = file;
    this.handle = handle;
    this.path = path || file.name || "pasted.png";
    this.name = this.path.slice(this.path.lastIndexOf("/") + 1);
    this.size = file.size;
    this.drop = drop;
    this.state = State.WAITING;
    this.sent = 0;
    // why it does not go on for now
    this.trouble = "";
    this.reason = "";
    this.anyway = false;
    // what lies in the bucket, in place of the file
    this.takesKnown = false;
    this.wasCutOff = false;
    this.canRetry = true;
    this.known = null;
    this.control = new AbortController();
    this.upload = null;
    // a form that was signed for it, for it may have been used without an answer
    this.signed = {};
  }

  /** Whether the image lies in the bucket, and another pipeline is asked for now. */
  get canUseKnown() {
    return Boolean(this.known?.key) && this.known.pipeline !== this.drop.pipeline;
  }

  get isOver() {
    return this.state !== State.WAITING && this.state !== State.UPLOADING;
  }

  become(state, reason = "") {
    this.state = state;
    this.reason = reason;
    this.trouble = "";
    if (state === State.QUEUED) this.sent = this.size;
    else if (state !== State.UPLOADING) this.sent = 0;
    if (state === State.SKIPPED || state === State.FAILED) this.drop.note();
    this.drop.changed();
  }

  /** Send the file, unless it was dropped before; it then waits to be decided about. */
  async send() {
    this.control = new AbortController();
    this.become(State.UPLOADING);
    if (this.takesKnown) {
      await this.useKnown();
      return;
    }
    let noted = "";
    try {
      const mark = `${this.name}\n${this.size}\n${(await digest(this.file)) || this.file.lastModified}`;
      const remembered = await dropped.find(mark);
      // looked at and noted without a pause between: two of one drop may be alike
      this.known = here.get(mark) ?? remembered ?? null;
      if (this.known && !this.anyway) {
        this.become(State.DUPLICATE);
        return;
      }
      here.set((noted = mark), { key: "", pipeline: this.drop.pipeline });
      const key = await this.sendBytes();
      const told = { key, pipeline: this.drop.pipeline };
      here.set(mark, told);
      await dropped.keep(mark, told);
      this.become(State.QUEUED);
    } catch (error) {
      here.delete(noted);
      this.failed(error);
    }
  }

  async sendBytes() {
    const order = { name: this.name, pipeline: this.drop.pipeline, batch: this.drop.batch };
    const hooks = {
      signal: this.control.signal,
      handle: this.handle,
      signed: this.signed,
      recall: (upload) => (this.upload = upload),
      progress: (count) => {
        this.sent = Math.min(count, this.size);
        this.drop.changed();
      },
      waiting: (why) => {
        if (this.trouble !== why) {
          this.trouble = why;
          this.drop.changed();
        }
      },
    };
    if (this.size <= LARGE) return sendWhole(this.file, order, hooks);
    return (await import("./parts.js")).sendInParts(this.file, order, hooks);
  }

  /** Let the image that lies in the bucket already have this drop's pipeline. */
  async useKnown() {
    const body = { key: this.known.key, pipeline: this.drop.pipeline, batch: this.drop.batch };
    try {
      const answer = await persist(() => asked("POST", "/api/jobs", body, this.control.signal), {
        signal: this.control.signal,
      });
      this.become(answer.queued ? State.QUEUED : State.SKIPPED, answer.queued ? "" : say("upload.done_before"));
    } catch (error) {
      if (error instanceof Refused && error.status === NOT_FOUND) {
        // it is not there any more
        this.anyway = true;
        this.takesKnown = false;
        await this.send();
      } else {
        this.failed(error);
      }
    }
  }

  failed(error) {
    const why = this.control.signal.aborted ? this.control.signal.reason : null;
    if (why === Item.PAUSED) this.become(State.WAITING);
    else if (why === Item.CALLED_OFF) this.become(State.SKIPPED, say("upload.called_off"));
    else this.fail(error);
  }

  fail(error) {
    this.wasCutOff = error instanceof Lost;
    this.canRetry = error.code !== TOO_LONG;
    this.become(State.FAILED, sentenceOf(error));
  }

  pause() {
    if (this.state === State.UPLOADING) this.control.abort(Item.PAUSED);
  }

  /** Send it no more, and forget what of it is in the bucket. */
  callOff() {
    if (this.upload) import("./parts.js").then((parts) => parts.callOff(this.upload));
    if (this.state === State.UPLOADING) this.control.abort(Item.CALLED_OFF);
    else this.become(State.SKIPPED, say("upload.called_off"));
  }
}

Item.PAUSED = new Error("paused");
Item.CALLED_OFF = new Error("called off");

function sentenceOf(error) {
  if (unreadable(error)) return say("upload.unreadable");
  return error.code === TOO_LONG ? say("upload.name_too_long") : error.message;
}

const unreadable = (error) => error instanceof DOMException && /^Not(Readable|Found)Error$/.test(error.name);
