// The bar, the canvas and the readout around the images that are zoomed: what is compared, how, and what is under the pointer.

import { show } from "../dom.js";
import { slide } from "../slider.js";
import { say } from "../strings.js";
import { passThrough } from "./border.js";
import { Difference } from "./difference.js";
import { drawHistogram } from "./histogram.js";
import { Probe, spoken, written } from "./probe.js";
import { afterResize, Stage } from "./stage.js";

const SIDES = ["input", "result"];
const MODES = ["slider", "side", "difference", "input", "result"];
// proportions that differ by less are those of a resized image
const ALIKE = 0.01;
// of the scale's bar, in screen pixels
const WIDEST_BAR = 140;
// how much of the input shines through what is still to be made of the result
const GHOST = 0.3;

const size = (view) => say("viewer.about_size", { width: view.width, height: view.height });

export class Desk {
  constructor(OpenSeadragon, root, found) {
    this.root = root;
    this.found = { input: null, result: null };
    this.chosen = null;
    this.pointer = null;
    this.made = 1;
    this.probe = new Probe((pixels, values) => this.read(pixels, values));
    const pane = (side) => root.querySelector(`[data-pane="${side}"]`);
    const first = found.input ? "input" : "result";
    this.stage = new Stage(
      OpenSeadragon,
      { input: pane("input"), result: pane("result") },
      {
        navigator: { [first]: this.part("navigator") },
        label: (side) => say("viewer.canvas", { side: say(`viewer.${side}`) }),
        moved: () => this.moved(),
      },
    );
    this.difference = new Difference({
      viewers: this.stage.viewers,
      panes: this.part("panes"),
      choice: this.part("gain"),
      told: (count, none) => this.note(none ? say("viewer.no_difference") : say("viewer.difference_by", { count })),
    });
    slide(this.part("stage"), this.part("split"), { moved: () => this.tellUnmade() });
    passThrough(this.part("stage"), this.part("split"), this.stage.viewers.input.canvas);
    this.listen();
  }

  part(name) {
    return this.root.querySelector(`[data-viewer="${name}"]`);
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  /** Show what was found of both sides; `made` is the share of the result that is there, `problems` why a side is not. */
  put(found, { made, problems }) {
    const fresh = made >= 1 && this.made < 1;
    this.made = made;
    const range = this.range(found);
    for (const side of SIDES) {
      this.found[side] = found[side];
      this.probe.use(side, found[side]);
      this.stage.show(side, found[side], range);
    }
    this.offer(problems);
    // at the end once more: what it lacked when one looked last is there by now
    if (made < 1 || fresh) this.stage.again("result");
    for (const side of SIDES) show(this.root.querySelector(`[data-readout="${side}"]`), Boolean(found[side]));
    if (fresh) this.drawHistograms();
    this.about();
    this.look();
  }

  /** Deep pixels of both sides are shown by one range, or their difference would be of the ranges. */
  range({ input, result }) {
    if (!input?.place || !result?.place || input.dtype === "uint8" || input.dtype !== result.dtype) return null;
    return { black: Math.min(input.black, result.black), white: Math.max(input.white, result.white) };
  }

  /** Let those ways of comparing be chosen that make sense of what there is, and say why not the others. */
  offer(problems) {
    const { input, result } = this.found;
    const both = Boolean(input && result);
    const alike = both && Math.abs((input.width * result.height) / (input.height * result.width) - 1) <= ALIKE;
    const same = both && input.width === result.width && input.height === result.height;
    const offered = {
      slider: alike, side: both, difference: same && this.made >= 1, input: Boolean(input), result: Boolean(result),
    };
    for (const mode of MODES) this.radio(mode).disabled = !offered[mode];
    const comparing = alike ? "slider" : "side";
    // while it is made the result is what one waits for, with the input shining through
    const usual = both && this.made >= 1 ? comparing : result ? "result" : "input";
    this.choose(this.chosen && offered[this.chosen] ? this.chosen : usual);
    this.explain(problems, { both, alike, same });
  }

  explain(problems, { both, alike, same }) {
    const { input, result } = this.found;
    const reasons = SIDES.filter((side) => !this.found[side] && problems?.[side]).map((side) =>
      say(`viewer.${side}_not_zoomed`, { why: problems[side].detail }),
    );
    if (both && !same) {
      reasons.push(say(alike ? "viewer.other_sizes" : "viewer.other_shapes", { input: size(input), result: size(result) }));
    }
    this.part("why").textContent = reasons.join(" ");
    show(this.part("why"), reasons.length > 0);
  }

  radio(mode) {
    return this.root.querySelector(`input[name="viewer-mode"][value="${mode}"]`);
  }

  choose(mode) {
    // other panes have another size
    const isHome = this.root.dataset.mode !== mode && this.stage.isHome;
    this.radio(mode).checked = true;
    this.root.dataset.mode = mode;
    if (isHome) afterResize(() => this.stage.home(true));
    this.root.toggleAttribute("data-making", this.made < 1);
    this.root.toggleAttribute("data-alone", !this.found.input || !this.found.result);
    const making = this.made < 1 && mode === "result";
    this.stage.opacity("input", mode === "result" ? (making ? GHOST : 0) : 1);
    this.stage.opacity("result", mode === "input" ? 0 : 1);
    const isDifference = mode === "difference";
    if (!isDifference) this.note(this.made < 1 ? this.soFar(mode) : "");
    this.difference.look(isDifference);
    this.tellUnmade();
  }

  /** How much is made, and how what is not looks. */
  soFar(mode) {
    const told = say("viewer.so_far", { percent: Math.floor(100 * this.made) });
    if (mode === "input") return told;
    return `${told} ${say(`viewer.unmade.${this.found.input ? mode : "side"}`)}`;
  }

  /** Say it also where one looks: over the middle of what is shown of the result. */
  tellUnmade() {
    const { result } = this.found;
    const { mode } = this.root.dataset;
    if (this.made >= 1 || !result?.isMade || mode === "input") return show(this.part("unmade"), false);
    const middle = this.middle("result");
    if (mode === "slider") middle.x *= 1 + Number(this.part("split").getAttribute("aria-valuenow")) / 100;
    const pixel = this.stage.pixelAt("result", middle);
    show(this.part("unmade"), Boolean(pixel) && !result.isMade(pixel));
  }

  /** Say what is shown, once: who listens is not told the same again. */
  note(text) {
    if (this.part("note").textContent !== text) this.part("note").textContent = text;
  }

  about() {
    const told = SIDES.map((side) => this.found[side]).filter(Boolean).map((view) =>
      [size(view), view.dtype].filter(Boolean).join(" · "),
    );
    const { black, white } = this.range(this.found) ?? this.found.result ?? this.found.input;
    const deep = this.found.result?.place && this.found.result.dtype !== "uint8";
    const texts = [[...new Set(told)].join(" → ")];
    if (deep) texts.push(say("viewer.shown_between", { black, white }));
    this.part("about").textContent = texts.join(" · ");
  }

  drawHistograms() {
    if (!this.part("histograms").open) return;
    for (const side of SIDES) {
      const figure = this.root.querySelector(`[data-histogram="${side}"]`);
      show(figure, Boolean(this.found[side]?.place));
      drawHistogram(figure, this.found[side]);
    }
  }

  // --- where one looks -----------------------------------------------------------------------------------------------

  /** The side that is looked at when both are there. */
  get front() {
    if (this.root.dataset.mode === "input" || !this.found.result) return "input";
    return this.root.dataset.mode === "result" || !this.found.input ? "result" : "input";
  }

  moved() {
    if (this.root.dataset.mode === "difference") this.difference.look();
    const scale = this.stage.scale(this.front);
    if (!scale) return;
    this.part("zoom").textContent = say("viewer.zoom", {
      percent: scale >= 0.1 ? Math.round(100 * scale) : Number((100 * scale).toPrecision(2)),
    });
    const pixels = nice(WIDEST_BAR / scale);
    const bar = this.part("scale");
    bar.querySelector("i").style.width = `${pixels * scale}px`;
    bar.querySelector("span").textContent = say("viewer.scale", { count: pixels });
    this.tellUnmade();
    this.look();
  }

  /** Read the pixels under the pointer, or in the middle where keys move. */
  look() {
    const keys = this.keyed;
    show(this.part("crosshair"), Boolean(keys) && !this.pointer);
    const at = this.pointer ?? keys;
    if (!at) return;
    const pixel = this.stage.pixelAt(at.side, at.point ?? this.middle(at.side));
    const pixels = Object.fromEntries(
      SIDES.filter((side) => this.found[side]).map((side) => [side, pixel && this.counterpart(at.side, side, pixel)]),
    );
    this.probe.look(pixels);
  }

  /** The pixel of `side` that is at the same place of the picture as that of another. */
  counterpart(from, side, pixel) {
    if (from === side) return pixel;
    const [here, there] = [this.found[from], this.found[side]];
    const x = Math.floor(((pixel.x + 0.5) * there.width) / here.width);
    const y = Math.floor(((pixel.y + 0.5) * there.height) / here.height);
    return { x, y };
  }

  middle(side) {
    const { canvas } = this.stage.viewers[side];
    return { x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 };
  }

  read(pixels, values) {
    const at = pixels[this.front] ?? pixels.input ?? pixels.result ?? null;
    for (const axis of ["x", "y"]) {
      const input = this.part(axis);
      if (document.activeElement !== input) input.value = at ? String(at[axis]) : "";
    }
    for (const side of SIDES) {
      const row = this.root.querySelector(`[data-readout="${side}"]`);
      const value = values[side];
      row.querySelector("code").textContent = value ? written(value) : value === undefined ? "…" : this.absent(side, pixels[side]);
      const swatch = row.querySelector("i");
      swatch.hidden = !value;
      if (value) swatch.style.background = this.swatch(side, value);
    }
    if (this.keyed && !this.pointer && at) this.speak(at, pixels, values);
  }

  /** In place of a value: why there is none. */
  absent(side, pixel) {
    const { isMade } = this.found[side] ?? {};
    if (!pixel || !isMade || this.made >= 1) return "–";
    return say(isMade(pixel) ? "viewer.value_later" : "viewer.unmade_here");
  }

  speak(at, pixels, values) {
    const known = SIDES.filter((side) => values[side] || (values[side] === null && this.found[side]?.isMade));
    if (!known.some((side) => values[side])) return;
    const told = known.map((side) => {
      const value = values[side] ? spoken(values[side]) : this.absent(side, pixels[side]);
      return `${say(`viewer.${side}`)}: ${value}`;
    });
    this.part("spoken").textContent = [say("viewer.pixel", at), ...told].join("; ");
  }

  swatch(side, { channels, samples }) {
    const view = this.found[side];
    const { black, white } = view.dtype === "uint8" ? view : (this.range(this.found) ?? view);
    const shown = samples.map((each) => Math.round((255 * (each - black)) / (white - black)));
    return channels[0] === "grey" ? `rgb(${shown[0]} ${shown[0]} ${shown[0]})` : `rgb(${shown.slice(0, 3).join(" ")})`;
  }

  // --- hands ---------------------------------------------------------------------------------------------------------

  listen() {
    for (const mode of MODES) {
      this.radio(mode).addEventListener("change", () => {
        this.chosen = mode;
        this.choose(mode);
        this.moved();
      });
      // who takes what is shown already has chosen it, too, and it stays when the usual becomes another
      this.radio(mode).addEventListener("click", () => (this.chosen = mode));
    }
    const doing = {
      in: () => this.stage.zoomBy(2),
      out: () => this.stage.zoomBy(0.5),
      actual: () => this.stage.actualSize(),
      home: () => this.stage.home(),
      full: () => this.full(),
    };
    for (const [name, act] of Object.entries(doing)) {
      this.root.querySelector(`[data-do="${name}"]`).addEventListener("click", act);
    }
    for (const side of SIDES) this.follow(side);
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    for (const axis of ["x", "y"]) this.part(axis).addEventListener("change", () => this.jump());
    this.part("histograms").addEventListener("toggle", () => this.drawHistograms());
    document.addEventListener("fullscreenchange", () => {
      const full = document.fullscreenElement === this.root;
      this.root.querySelector('[data-do="full"]').textContent = say(full ? "viewer.leave_full" : "viewer.full");
    });
  }

  follow(side) {
    const { canvas } = this.stage.viewers[side];
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      this.pointer = { side, point: { x: event.clientX - box.left, y: event.clientY - box.top } };
      this.look();
    });
    canvas.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.look();
    });
    canvas.addEventListener("focus", () => {
      this.keyed = canvas.matches(":focus-visible") ? { side } : null;
      this.look();
    });
    canvas.addEventListener("keydown", () => {
      this.keyed = { side };
      this.pointer = null;
    });
    canvas.addEventListener("blur", () => {
      this.keyed = null;
      this.look();
    });
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input[type="number"], select')) return;
    const mode = MODES[Number(event.key) - 1];
    if (mode && !this.radio(mode).disabled) {
      this.radio(mode).checked = true;
      this.radio(mode).dispatchEvent(new Event("change"));
    } else if (event.key === "f" || event.key === "F") {
      this.full();
    } else {
      return;
    }
    event.preventDefault();
  }

  jump() {
    const [x, y] = ["x", "y"].map((axis) => this.part(axis).valueAsNumber);
    const view = this.found[this.front];
    if (!(x >= 0 && y >= 0 && x < view.width && y < view.height)) return;
    this.keyed = { side: this.front };
    this.pointer = null;
    this.stage.goTo(this.front, { x, y });
    this.look();
  }

  full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }
}

/** The largest of 1, 2, 5, 10, 20, 50, … that is not more than `most`. */
function nice(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [5, 2, 1].map((each) => each * power).find((each) => each <= most) ?? 1;
}
