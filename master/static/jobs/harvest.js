// What is done with many results: packed, copied, listed; each tells how far it is in a sentence.

import { copied } from "../clipboard.js";
import { bytes } from "../dom.js";
import { save } from "../save.js";
import { say } from "../strings.js";
import { MOST_IN_MEMORY, pack, script, target, TooLargeError } from "./downloads.js";

/** Pack what `results(signal)` gives into `name`; `tell(sentence)` says how it goes. `signal` calls it off. */
export async function zip(results, name, tell, signal) {
  const to = await target(name);
  if (!to) return;
  const told = (count, size) => tell(say("jobs.packing", { count, size: bytes(size) }));
  try {
    const { count, missing, size } = await pack(results(signal), to, { signal, told });
    const sentences = [count ? say("jobs.packed", { count, name, size: bytes(size) }) : say("jobs.no_results")];
    if (missing) sentences.push(say("jobs.missing", { count: missing }));
    tell(sentences.join(" "));
  } catch (error) {
    if (error instanceof TooLargeError) tell(say("jobs.too_large", { size: bytes(MOST_IN_MEMORY) }));
    else tell(signal.aborted ? say("jobs.stopped") : say("page.no_answer"));
  }
}

/** Copy where the results are. */
export async function copyPaths(results, tell, signal) {
  const paths = [];
  try {
    for await (const result of results(signal)) paths.push(result.s3);
  } catch {
    return tell(say("page.no_answer"));
  }
  if (!paths.length) return tell(say("jobs.no_results"));
  const done = await copied(paths.join("\n"));
  tell(done ? say("jobs.copied", { count: paths.length }) : say("jobs.not_copied"));
}

/** Hand over a script that fetches the results. */
export async function saveScript(results, name, tell, signal) {
  try {
    save(new Blob([await script(results(signal))], { type: "text/x-shellscript" }), name);
  } catch {
    tell(say("page.no_answer"));
  }
}
