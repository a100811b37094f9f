// Pictures that the API makes. An `<img src>` bears no token: where people sign in, the picture is asked for and shown from here.

import { askPatiently } from "./patience.js";
import { wanted } from "./session.js";

/**
 * Show the picture of `address` in an `<img>`. Resolves to whether there is one; what it showed before is let go.
 * `signal` calls it off.
 */
export async function picture(element, address, { signal } = {}) {
  // an image does not tell why it is none: the preview may just have been busy
  if (!wanted && (await loaded(element, address))) return true;
  const response = await askPatiently(address, { signal });
  if (!response.ok || response.status === 204) return false;
  const bytes = await response.blob();
  signal?.throwIfAborted();
  release(element);
  const own = URL.createObjectURL(bytes);
  element.dataset.blob = own;
  return loaded(element, own);
}

function loaded(element, address) {
  element.src = address;
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
