// The clipboard, which a browser may close (no HTTPS, no permission).

/** Put a text on the clipboard; whether the browser let it be. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
