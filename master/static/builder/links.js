// A pipeline taken elsewhere: as a link, or on the clipboard.

/** Where the builder opens with a pipeline. */
export const linkTo = (text) => `${location.origin}/?${new URLSearchParams({ pipeline: text })}`;

/** Put a text on the clipboard; whether the browser let it be. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
