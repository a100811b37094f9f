// SHA-256, as the server writes it.

/** Of an ArrayBuffer, in hexadecimal digits; empty where the browser makes none (no TLS). */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return "";
  const sum = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(sum)].map((each) => each.toString(16).padStart(2, "0")).join("");
}
