// By what a file is known again beside its name and size: a digest of its bytes, of large files of some of them.

const WHOLE = 16 * 2 ** 20;
const SAMPLE = 256 * 1024;
const SAMPLES = 32;

/** SHA-256 of a file's bytes, of a large one of samples from head to tail; empty where the browser makes none (no TLS). */
export async function digest(file) {
  if (!globalThis.crypto?.subtle) return "";
  const bytes = file.size <= WHOLE ? await file.arrayBuffer() : await sampled(file).arrayBuffer();
  const sum = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(sum)].map((each) => each.toString(16).padStart(2, "0")).join("");
}

function sampled(file) {
  const step = (file.size - SAMPLE) / (SAMPLES - 1);
  return new Blob(
    Array.from({ length: SAMPLES }, (_, index) => {
      const start = Math.floor(index * step);
      return file.slice(start, start + SAMPLE);
    }),
  );
}
