// How long something takes, as the server writes it: 40 s, 3 min, 5 h.

import { say } from "../strings.js";

const SPANS = [
  ["s", 1, 90],
  ["min", 60, 5400],
  ["h", 3600, 129600],
  ["d", 86400, Infinity],
];

/** A length of time in seconds, in a word. */
export function span(seconds) {
  const [unit, size] = SPANS.find(([, , most]) => seconds < most);
  return say(`jobs.span.${unit}`, { count: Math.round(seconds / size) });
}
