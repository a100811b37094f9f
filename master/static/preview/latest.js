// Work of which only the latest is of interest: one piece at a time, and what was overtaken is called off.

// milliseconds that a piece of work may still take when a newer one waits; most are done by then, and worth seeing
const PATIENCE = 250;

/** `again(work)`: do `work(signal)` now, or when the one before is over; `stop()` calls off all, and tells whether there was any. */
export function latest() {
  let running = null;
  let next = null;

  async function run(work) {
    const abort = new AbortController();
    running = abort;
    try {
      await work(abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      running = null;
      if (next) {
        const [following] = [next, (next = null)];
        run(following);
      }
    }
  }

  return {
    again(work) {
      if (!running) return run(work);
      next = work;
      const overtaken = running;
      setTimeout(() => running === overtaken && next && overtaken.abort(), PATIENCE);
    },
    stop() {
      const any = Boolean(running);
      next = null;
      running?.abort();
      return any;
    },
  };
}
