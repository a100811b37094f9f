// Work of which only some is done at once; the rest waits in the order in which it came.

/** A function that does `work()` when fewer than `count` are under way, and gives what that gives. */
export function turns(count) {
  const waiting = [];
  let running = 0;
  return async (work) => {
    if (running >= count) await new Promise((free) => waiting.push(free));
    else running += 1;
    try {
      return await work();
    } finally {
      if (waiting.length) waiting.shift()();
      else running -= 1;
    }
  };
}
