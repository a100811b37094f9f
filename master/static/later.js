// What few visits need: loaded when it is first used, not with the page.

/** A function that gives what `load()` gives, asked for once; again where the line was broken. */
export function later(load) {
  let found = null;
  return () => (found ??= load().catch((error) => {
    found = null;
    throw error;
  }));
}
