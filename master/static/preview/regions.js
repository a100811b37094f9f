// Where the preview's pixels come from: a job's image, or a file that is stored nowhere; the same questions to both.

import { sha256 } from "../digest.js";
import { told } from "../problems.js";
import { ask } from "../session.js";

const FACTS = "Tilework-Preview";

/** What is asked for cannot be shown; `code` says why, for programs. */
export class NotShown extends Error {
  constructor(problem) {
    super(told(problem));
    this.code = problem?.code ?? "";
  }
}

async function answered(response) {
  if (!response.ok) throw new NotShown(await response.json().catch(() => null));
  const facts = JSON.parse(response.headers.get(FACTS));
  return { ...facts, bitmap: await createImageBitmap(await response.blob()) };
}

/** The image of a job, as `GET /api/jobs` tells of it. */
export class JobImage {
  constructor(job) {
    this.id = job.id;
    this.key = `job ${job.id}`;
    this.name = job.name;
  }

  /** The address of the whole, small. */
  get small() {
    return `/api/jobs/${this.id}/thumbnail?absent=empty`;
  }

  /** `window` of what `pipeline` makes of it, as a bitmap with the facts of the answer. Throws NotShown. */
  async region(pipeline, window, { levels, signal }) {
    const body = JSON.stringify({ job: this.id, pipeline, window, nearest: true, levels });
    const headers = { "Content-Type": "application/json" };
    return answered(await ask("/api/preview", { method: "POST", headers, body, signal }));
  }
}

/** A file that is stored nowhere: sent once, and then named by its digest. */
export class FileImage {
  constructor(blob, name, key) {
    this.blob = blob;
    this.name = name;
    this.key = key;
    this.sent = false;
  }

  get small() {
    this.address ??= URL.createObjectURL(this.blob);
    return this.address;
  }

  /** Let go of what nobody chooses any more. */
  release() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = undefined;
  }

  async region(pipeline, window, { levels, signal }) {
    this.digest ??= await sha256(await this.blob.arrayBuffer());
    const query = new URLSearchParams({ pipeline, nearest: true, ...window });
    if (levels) (query.set("black", levels[0]), query.set("white", levels[1]));
    const post = (body) =>
      ask(`/api/preview/file?${query}`, {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream", "Tilework-File": this.digest },
        body,
        signal,
      });
    let response = await post(this.sent ? "" : this.blob);
    // another process of the preview, or it has forgotten the file meanwhile
    if (response.status === 404 && this.sent) response = await post(this.blob);
    this.sent ||= response.ok;
    return answered(response);
  }
}
