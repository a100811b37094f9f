// How often each value is there, of input and result, drawn as areas over each other.

import { askPatiently } from "../patience.js";
import { say } from "../strings.js";

const SPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 100;

/** Draw the histogram of a view into a figure of the page (`[data-histogram]`), with what it was counted on. */
export async function drawHistogram(figure, view) {
  if (!view?.place || figure.dataset.version === view.version) return;
  figure.dataset.version = view.version;
  const text = figure.querySelector("[data-told]");
  text.textContent = say("viewer.histogram_counting");
  figure.setAttribute("aria-busy", "true");
  const told = await counted(view);
  figure.removeAttribute("aria-busy");
  if (!told) {
    delete figure.dataset.version;
    text.textContent = say("viewer.histogram_missing");
    return;
  }
  figure.querySelector("svg").replaceWith(drawn(told, figure.dataset.histogram));
  const share = told.level ? "viewer.histogram_level" : "viewer.histogram_whole";
  text.textContent = say(share, { pixels: told.pixels, scale: 2 ** told.level });
  for (const [end, index] of [["black", 0], ["white", 255]]) {
    figure.querySelector(`[data-${end}]`).textContent = endOf(told, told[end], index);
  }
}

/** What the preview counts of a view; null where it cannot, or nobody answers. */
async function counted(view) {
  const query = new URLSearchParams({ version: view.version });
  try {
    const response = await askPatiently(`${view.place}/histogram?${query}`, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** A value at an end of the scale, and how many of all samples lie there: of a mask that is all there is to see. */
function endOf({ channels, pixels }, value, index) {
  const counts = Object.values(channels).map((each) => each[index]);
  const share = counts.reduce((sum, count) => sum + count, 0) / (counts.length * pixels);
  return say("viewer.histogram_end", { value: String(value), percent: Number((100 * share).toPrecision(2)) });
}

function drawn({ channels }, side) {
  const names = Object.keys(channels);
  const svg = element("svg", { viewBox: `0 0 256 ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  svg.setAttribute("aria-label", say("viewer.histogram_of", { side: say(`viewer.${side}`) }));
  // the two ends hold all that is black or white, and would flatten what is between
  const inner = names.flatMap((name) => channels[name].slice(1, -1));
  const most = Math.max(1, ...inner) * 1.02;
  for (const name of names) {
    const steps = channels[name].map((count, value) => `L${value} ${top(count, most)}H${value + 1}`).join("");
    svg.append(element("path", { d: `M0 ${HEIGHT}${steps}V${HEIGHT}Z`, class: `channel-${name}` }));
  }
  return svg;
}

const top = (count, most) => (HEIGHT * (1 - Math.min(1, count / most))).toFixed(2);

function element(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
