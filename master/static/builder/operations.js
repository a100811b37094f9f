// The operations that there are, asked for once: the address changes with what it answers, so a browser keeps the answer.

import { ask } from "../session.js";

const PAUSES = [500, 1000, 2000, 4000, 8000];

let found = null;

/** All operations by name; waits until the server answers. */
export const operations = () => (found ??= load());

async function load() {
  const { operations: address } = document.getElementById("pipeline").dataset;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await ask(address);
      if (response.ok) return new Map((await response.json()).operations.map((each) => [each.name, each]));
    } catch {
      // the next attempt may find it
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
  }
}
