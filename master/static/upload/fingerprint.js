// By what a file is known again beside its name and size: a digest of its bytes, of large files of some of them.

import { sha256 } from "../digest.js";

const WHOLE = 16 * 2 ** 20;
const SAMPLE = 256 * 1024;
const SAMPLES = 32;

/** SHA-256 of a file's bytes, of a large one of samples from head to tail; empty where the browser makes none (no TLS). */
export async function digest(file) {
  if (!globalThis.crypto?.subtle) return "";
  return sha256(await (file.size <= WHOLE ? file : sampled(file)).arrayBuffer());
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
