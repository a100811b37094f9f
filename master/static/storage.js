// What the browser keeps for a page: for good, or until the tab is closed. Where a person lets no site keep anything, even the
// look at it throws: then nothing is kept, and the page works all the same.

/** A text each, by name: `get` (null where there is none), `set` (whether it is kept), `remove`. */
const guarded = (open) => ({
  get: (name) => tried(() => open().getItem(name)) ?? null,
  set: (name, text) => tried(() => (open().setItem(name, text), true)) ?? false,
  remove: (name) => void tried(() => open().removeItem(name)),
});

function tried(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** What stays in this browser. */
export const lasting = guarded(() => localStorage);

/** What ends with the tab. */
export const passing = guarded(() => sessionStorage);
