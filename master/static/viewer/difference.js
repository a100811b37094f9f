// The difference of both sides, multiplied so that a small one is seen: by how much is chosen, or goes by what is shown.

const GAINS = [64, 16, 4, 1];
const WHITE = 255;
// of the pixels, that may be brighter than white: a few of them do not keep all others dark
const BEYOND = 0.01;
// between two looks at whether all tiles are there
const PAUSE = 150;

export class Difference {
  /** `viewers` of both sides; `panes` is their element, `choice` the `<select>`; `told(gain, none)` hears what is shown. */
  constructor({ viewers, panes, choice, told }) {
    this.viewers = Object.values(viewers);
    this.panes = panes;
    this.choice = choice;
    this.told = told;
    this.timer = 0;
    this.copy = document.createElement("canvas");
    choice.addEventListener("change", () => this.look());
  }

  /** Something else is seen, or is to be seen no more (`shown`). */
  look(shown = true) {
    clearTimeout(this.timer);
    if (!shown) return;
    if (this.choice.value) this.multiply(Number(this.choice.value));
    this.wait(false);
  }

  /** Measure what is shown when both have drawn all of it. */
  wait(loaded) {
    this.timer = setTimeout(() => {
      const isLoaded = this.viewers.every((each) => each.world.getItemAt(0)?.getFullyLoaded());
      // what has been loaded is drawn with the next frame
      if (!isLoaded || !loaded) this.wait(isLoaded);
      else this.measure();
    }, PAUSE);
  }

  measure() {
    const counts = this.counts();
    const pixels = counts.reduce((sum, each) => sum + each, 0);
    if (!pixels) return;
    let beyond = 0;
    let bright = WHITE;
    while (bright > 0 && beyond + counts[bright] <= BEYOND * pixels) beyond += counts[bright--];
    const automatic = GAINS.find((gain) => gain * bright <= WHITE);
    const gain = Number(this.choice.value) || automatic;
    this.multiply(gain);
    this.told(gain, counts[0] === pixels);
  }

  /** How many pixels that both show differ by each value, in the channel in which they differ most. */
  counts() {
    const [below, above] = this.viewers.map((each) => each.drawer.canvas);
    [this.copy.width, this.copy.height] = [below.width, below.height];
    const context = this.copy.getContext("2d", { willReadFrequently: true });
    for (const [how, canvas] of [["copy", below], ["difference", above], ["destination-in", below], ["destination-in", above]]) {
      context.globalCompositeOperation = how;
      context.drawImage(canvas, 0, 0);
    }
    const { data } = context.getImageData(0, 0, this.copy.width, this.copy.height);
    const counts = new Array(WHITE + 1).fill(0);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === WHITE) counts[Math.max(data[at], data[at + 1], data[at + 2])] += 1;
    }
    return counts;
  }

  multiply(gain) {
    this.panes.style.setProperty("--gain", String(gain));
  }
}
