// What may become markup (Trusted Types; a browser that knows them refuses all else, as the policy in the header says).

const types = window.trustedTypes;

// a page of the master's own, and a bucket's answer that is only read
const own = types?.createPolicy("tilework", { createHTML: (text) => text });

// vendored modules empty elements so; nothing else becomes markup unasked
types?.createPolicy("default", { createHTML: (text) => (text === "" ? text : null) });

/** `text` as a document of its own, in which nothing runs: of this master (`text/html`), or of a bucket (`text/xml`). */
export const parsed = (text, type) => new DOMParser().parseFromString(own ? own.createHTML(text) : text, type);
