// The pixel under the pointer, or in the middle for who has none: where it is, and its very values on both sides.

import { wanted } from "../session.js";
import { say } from "../strings.js";

// a look for each move would be many; where people sign in, each is paid for
const PAUSE = wanted ? 150 : 40;
const KEPT = 500;

export class Probe {
  /** `shown(pixel, found)`: the pixel, and for each side its samples, null where it has none, undefined until known. */
  constructor(shown) {
    this.shown = shown;
    this.views = {};
    this.kept = new Map();
    this.at = "";
    this.timer = 0;
    this.abort = new AbortController();
  }

  use(side, view) {
    const before = this.views[side];
    this.views[side] = view;
    if (before?.place === view?.place && before?.version === view?.version) return;
    this.kept.clear();
    // what is looked at may be known now
    this.at = "";
  }

  /** Look at pixels: `{ input, result }`, each `{ x, y }` or null. */
  look(pixels) {
    // what was not made when it was looked at may be now
    const made = Object.entries(pixels).map(([side, pixel]) => pixel && this.isMade(side, pixel));
    const at = JSON.stringify([pixels, made]);
    if (at === this.at) return;
    this.at = at;
    this.abort.abort();
    clearTimeout(this.timer);
    this.tell(pixels);
    if (Object.entries(pixels).some(([side, pixel]) => pixel && this.known(side, pixel) === undefined)) {
      this.timer = setTimeout(() => this.fetch(pixels), PAUSE);
    }
  }

  tell(pixels) {
    const found = Object.entries(pixels).map(([side, pixel]) => [side, pixel && this.known(side, pixel)]);
    this.shown(pixels, Object.fromEntries(found));
  }

  known(side, { x, y }) {
    return this.isMade(side, { x, y }) ? this.kept.get(`${side}/${x}/${y}`) : null;
  }

  isMade(side, pixel) {
    const view = this.views[side];
    return Boolean(view) && (!view.isMade || view.isMade(pixel));
  }

  async fetch(pixels) {
    this.abort = new AbortController();
    const { signal } = this.abort;
    const asked = Object.entries(pixels).filter(([side, pixel]) => pixel && this.known(side, pixel) === undefined);
    await Promise.all(asked.map(([side, pixel]) => this.sample(side, pixel, signal)));
    if (signal.aborted) return;
    this.tell(pixels);
    // so that another look at the same pixels asks again
    if (asked.some(([side, pixel]) => this.known(side, pixel) === undefined)) this.at = "";
  }

  async sample(side, { x, y }, signal) {
    const samples = await this.views[side].sample({ x, y }, signal).catch(() => undefined);
    if (samples === undefined) return;
    if (this.kept.size >= KEPT) this.kept.clear();
    this.kept.set(`${side}/${x}/${y}`, samples);
  }
}

/** The samples of a pixel as a text: whole numbers as they are, floats to nine digits, which tell 32 bits apart. */
export function written(found) {
  return found.samples.map((each) => (Number.isInteger(each) ? each : Number.isFinite(each) ? Number(each.toPrecision(9)) : each)).join("  ");
}

/** What is said of it to who hears it: each channel by its name. */
export function spoken(found) {
  return found.channels.map((name, index) => `${say(`viewer.channel.${name}`)} ${found.samples[index]}`).join(", ");
}
