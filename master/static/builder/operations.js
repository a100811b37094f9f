// The operations that there are: those of a pipeline are asked for as it is shown, all of them when the catalogue is. The
// addresses change with what they answer, so a browser keeps the answers.

import { seen } from "../polling.js";
import { ask } from "../session.js";

const PAUSES = [500, 1000, 2000, 4000, 8000];

/** The operations that are known by now, by name. */
export const known = new Map();

let all = null;

/** Every operation by name, in the catalogue's order; waits until the server answers. */
export const operations = () => (all ??= load());

/** Get to know those of these names that there are; waits until the server answers. */
export async function learn(names) {
  const missing = [...new Set(names)].filter((name) => !known.has(name)).sort();
  if (missing.length) await load(missing);
}

async function load(names = []) {
  const { operations: address } = document.getElementById("pipeline").dataset;
  const wanted = names.length ? `${address}&names=${names.join(",")}` : address;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await ask(wanted);
      if (response.ok) return new Map((await response.json()).operations.map((each) => [each.name, kept(each)]));
    } catch {
      // the next attempt may find it
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
    await seen();
  }
}

/** An operation stays the same object: steps are told apart by it. */
function kept(operation) {
  if (!known.has(operation.name)) known.set(operation.name, operation);
  return known.get(operation.name);
}
