// Files of a drop that were begun before and not finished: they go on as what they were, with the batch that their image bears.

import { begun } from "./memory.js";

/** `{ fresh, known }` of `found`: what is new, and `{ upload, file }` of what goes on. */
export async function apart(found, pipeline) {
  const uploads = await begun.all();
  const mayBeKnown = (file) => uploads.some((upload) => upload.size === file.size);
  if (!found.some((each) => mayBeKnown(each.file))) return { fresh: found, known: [] };
  const [{ recalled }, { taken }] = await Promise.all([import("./parts.js"), import("./unfinished.js")]);
  const [fresh, known] = [[], []];
  for (const each of found) {
    const name = each.path.slice(each.path.lastIndexOf("/") + 1);
    const upload = mayBeKnown(each.file) ? await recalled(uploads, each.file, { name, pipeline }) : null;
    if (!upload) {
      fresh.push(each);
      continue;
    }
    // a second file that is alike is another image
    uploads.splice(uploads.indexOf(upload), 1);
    known.push({ upload, file: each.file });
    taken(upload.key);
  }
  return { fresh, known };
}
