// Pictures that the API makes: asked for and shown from here, for an `<img src>` bears no token, and does not tell why it has
// nothing to show (the preview may just be busy).

import { askPatiently } from "./patience.js";

/**
 * Show the picture of `address` in an `<img>`. Resolves to whether there is one; what it showed before is let go.
 * `signal` calls it off.
 */
export async function picture(element, address, { signal } = {}) {
  const response = await askPatiently(address, { signal });
  if (!response.ok || response.status === 204) return false;
  const bytes = await response.blob();
  signal?.throwIfAborted();
  release(element);
  element.dataset.blob = element.src = URL.createObjectURL(bytes);
  return element.decode().then(
    () => true,
    () => false,
  );
}

/** Let go of the bytes of a picture that is shown no more. */
export function release(element) {
  if (element.dataset.blob) URL.revokeObjectURL(element.dataset.blob);
  delete element.dataset.blob;
}
