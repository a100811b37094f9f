// Pipelines of one's own, kept in this browser under a name.

import { lasting } from "../storage.js";

const SAVED = "tilework.pipelines";

/** They are `{ name, text }`, the newest first; none where the browser remembers nothing. */
export function saved() {
  try {
    const found = JSON.parse(lasting.get(SAVED) ?? "[]");
    return found.filter((each) => typeof each?.name === "string" && typeof each?.text === "string");
  } catch {
    return [];
  }
}

/** Keep them; returns whether the browser did. */
const keep = (list) => lasting.set(SAVED, JSON.stringify(list));

const without = (name) => saved().filter((each) => each.name !== name);

/** Save a text under a name; one that has it already is overwritten. */
export const save = (name, text) => keep([{ name, text }, ...without(name)]);

export const forget = (name) => keep(without(name));

/** Give one another name, in its place. */
export function rename(name, to) {
  const others = saved().filter((each) => each.name === name || each.name !== to);
  return keep(others.map((each) => (each.name === name ? { ...each, name: to } : each)));
}
