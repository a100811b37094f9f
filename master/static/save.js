// Files that are made here.

// milliseconds in which the browser has surely begun to read the bytes
const READ_MS = 60000;

/** Hand over a file. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}
