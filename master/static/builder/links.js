// A pipeline taken elsewhere, as a link.

/** Where the builder opens with a pipeline. */
export const linkTo = (text) => `${location.origin}/?${new URLSearchParams({ pipeline: text })}`;
