// Another pipeline for one image, on its job's page: a text with its faults under the character, presets, a way to the builder.

import { say } from "../strings.js";
import { point, reader } from "./meaning.js";
import { presetsIn } from "./presets.js";

const PAUSE = 200;

/** Make the form of a job alive; `run(text)` is called with a text that is to be run. */
export function startRerun(form, run) {
  const input = form.querySelector("#rerun-pipeline");
  const error = document.getElementById("rerun-error");
  const note = document.getElementById("rerun-note");
  const builder = document.getElementById("rerun-builder");
  const read = reader();
  let valid = true;
  let timer = 0;

  async function understand() {
    clearTimeout(timer);
    const query = new URLSearchParams({ pipeline: input.value, job: form.dataset.job });
    builder.href = `/?${query}`;
    const meaning = input.value.trim() ? await read(input.value) : { valid: false, answer: { detail: say("builder.empty") } };
    if (!meaning) return null;
    valid = meaning.valid;
    input.setAttribute("aria-invalid", String(!valid));
    note.textContent = valid ? meaning.answer.result : "";
    point(error, input.value, valid ? null : meaning.answer);
    return meaning;
  }

  const presets = presetsIn(
    document.getElementById("presets"),
    () => (valid ? input.value : null),
    (text) => {
      input.value = text;
      input.focus();
      understand();
    },
  );
  document.getElementById("rerun-presets").addEventListener("click", () => presets.open());
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(understand, PAUSE);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const meaning = await understand();
    // why not stands under the text; one that was asked about once more meanwhile is run by that one
    if (meaning?.valid) run(input.value);
    else if (meaning) input.focus();
  });
}
