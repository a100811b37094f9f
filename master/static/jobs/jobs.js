// The jobs that are loaded, in their order: page behind page, and what came since in front.

import { problemOf } from "../problems.js";
import { ask } from "../session.js";
import { kept } from "./row.js";

// jobs of the first page, several windows full, and of one look for news
const FIRST = 40;
const HEAD = 100;
const PAGE = 500;
// writers' clocks differ by some seconds, and an index shows a row a moment later
const OVERLAP = 20;
// requests of a search without a finding, until somebody asks for more
const PATIENCE = 20;
// milliseconds after which a page is asked for again that did not come
const AGAIN = 3000;

/** The filter's own time, which is seconds or ISO 8601. */
function start(query) {
  const since = query.get("since") ?? "";
  return Number(since) || Date.parse(since) / 1000 || 0;
}

export class Jobs {
  /** `query()` gives the filters as URLSearchParams; `changed()` is called after each change. */
  constructor(query, changed) {
    this.query = query;
    this.changed = changed;
    this.order = [];
    this.known = new Map();
    this.newest = 0;
    this.next = "";
    this.searched = 0;
    this.loading = false;
    this.loaded = false;
    this.generation = 0;
    this.fruitless = 0;
    this.waiting = [];
    this.lost = false;
  }

  address(changes) {
    const query = this.query();
    for (const [name, value] of Object.entries(changes)) {
      // what is older than the filter wants is never asked for
      if (value && !(name === "since" && Number(value) < start(query))) query.set(name, value);
    }
    const text = query.toString();
    return `/api/jobs${text ? `?${text}` : ""}`;
  }

  async get(changes) {
    const response = await ask(this.address(changes), { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!response.ok) throw new Error(await problemOf(response), { cause: response.status });
    return response.json();
  }

  /** Load the list anew from its beginning. */
  async reload() {
    const generation = ++this.generation;
    const answer = await this.get({ limit: FIRST });
    if (generation !== this.generation) return;
    this.reset(answer);
  }

  reset(answer) {
    this.generation += 1;
    this.order = answer.jobs.map((job) => job.id);
    this.known = new Map();
    this.newest = 0;
    for (const job of answer.jobs) this.keep(job);
    this.next = answer.next;
    this.searched = answer.searched;
    this.fruitless = 0;
    this.waiting = [];
    this.lost = false;
    this.loading = false;
    this.loaded = true;
    this.changed();
  }

  keep(job) {
    this.known.set(job.id, kept(job));
    this.newest = Math.max(this.newest, job.updated);
  }

  /** Load the next page, if there is one and a search is worth going on with. */
  async more({ asked = false } = {}) {
    if (asked) this.fruitless = 0;
    if (!this.next || this.loading || this.fruitless >= PATIENCE) return;
    this.loading = true;
    const { generation } = this;
    try {
      const answer = await this.get({ before: this.next, limit: PAGE });
      if (generation !== this.generation) return;
      for (const job of answer.jobs) {
        if (!this.known.has(job.id)) this.order.push(job.id);
        this.keep(job);
      }
      this.next = answer.next;
      this.searched += answer.searched;
      this.fruitless = answer.jobs.length ? 0 : this.fruitless + 1;
    } catch {
      await new Promise((then) => setTimeout(then, AGAIN));
      if (generation !== this.generation) return;
    }
    this.loading = false;
    this.changed();
  }

  /** Where to ask for what has changed; nowhere before anything is known. A list of the past has no news. */
  get news() {
    const query = this.query();
    if (!this.loaded || query.has("before")) return "";
    return this.address({ since: this.newest ? String(this.newest - OVERLAP) : "", limit: HEAD });
  }

  /**
   * Take in what is new: in its place where it is known, else in front, or `aside` where that would push what is read.
   * Returns whether the list must be loaded anew for it.
   */
  heard(answer, aside) {
    const fresh = [];
    // more than one answer holds: what lies between is not known
    this.lost ||= answer.truncated && this.order.length > 0 && !this.known.has(answer.jobs.at(-1)?.id);
    for (const job of answer.jobs) {
      if (this.known.has(job.id)) this.keep(job);
      else fresh.push(kept(job));
      this.newest = Math.max(this.newest, job.updated);
    }
    const held = new Map(this.waiting.map((job) => [job.id, job]));
    for (const job of fresh) held.set(job.id, job);
    this.waiting = [...held.values()].sort((one, other) => other.updated - one.updated);
    const anew = !aside && this.admit();
    this.changed();
    return anew;
  }

  /** Put what waits aside in front. Returns whether the list must be loaded anew for it. */
  admit() {
    if (this.lost) return true;
    const ids = this.waiting.map((job) => job.id);
    for (const job of this.waiting) this.known.set(job.id, job);
    this.order = [...ids, ...this.order];
    this.waiting = [];
    return false;
  }

  /** Take in how those of `ids` stand; one that is not told is gone. */
  refreshed(ids, jobs) {
    const told = new Set(jobs.map((job) => job.id));
    for (const job of jobs) if (this.known.has(job.id)) this.keep(job);
    const gone = new Set(ids.filter((id) => !told.has(id)));
    if (gone.size) this.drop((id) => gone.has(id));
    this.changed();
  }

  /** Bring them into the order in which the server lists them: what changed stays in its place until then. */
  tidy() {
    const [before, { known }] = [this.order.join(), this];
    this.order.sort((one, other) => known.get(other).updated - known.get(one).updated || (one < other ? -1 : 1));
    if (this.order.join() !== before) this.changed();
  }

  /** Leave out those that `unfit(id)`. */
  drop(unfit) {
    this.order = this.order.filter((id) => !unfit(id) || !this.known.delete(id));
  }
}
