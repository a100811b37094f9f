// What may become markup (Trusted Types; a browser that knows them refuses all else, as the policy in the header says).

const types = window.trustedTypes;

// a page of the master's own, and a bucket's answer that is only read
const own = types?.createPolicy("tilework", { createHTML: (text) => text });

/** Whether an address is that of one of the master's own scripts. */
const isOurs = (address) => new URL(address, location.href).href.startsWith(`${location.origin}/static/`);

// vendored modules empty elements so, and are loaded when they are needed; nothing else becomes markup or code unasked
types?.createPolicy("default", {
  createHTML: (text) => (text === "" ? text : null),
  createScriptURL: (address) => (isOurs(address) ? address : null),
});

/** `text` as a document of its own, in which nothing runs: of this master (`text/html`), or of a bucket (`text/xml`). */
export const parsed = (text, type) => new DOMParser().parseFromString(own ? own.createHTML(text) : text, type);
