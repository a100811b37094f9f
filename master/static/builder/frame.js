// What frames the steps: which page is read of a file with several, and the format of the result.

import { say } from "../strings.js";
import { element } from "./element.js";

const MOST_PAGES = 65535;

/** The controls in `section`: `{ show(state, told), offer(outputs), fine() }`; `changed("page" or "output", value)`. */
export function frameIn(section, changed) {
  const page = section.querySelector("#pipeline-page");
  const output = section.querySelector("#pipeline-output");
  const faults = { page: section.querySelector("#page-fault"), output: section.querySelector("#output-fault") };
  const more = section.querySelector("#frame-more");
  let outputs = [];
  let given = false;

  page.addEventListener("input", () => changed("page", page.value.trim()));
  output.addEventListener("change", () => changed("output", output.value));

  const isPage = (text) => text === "" || (/^\d+$/.test(text) && Number(text) <= MOST_PAGES);

  function options(now) {
    const wanted = ["", ...outputs, ...(now && !outputs.includes(now) ? [now] : [])];
    if (wanted.join() === [...output.options].map((each) => each.value).join()) return;
    output.replaceChildren(...wanted.map((value) => element("option", { value }, say(`builder.output_${value || "any"}`))));
  }

  function fault(control, place, sentence) {
    if (place.textContent !== sentence) place.textContent = sentence;
    place.hidden = !sentence;
    if (sentence) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }

  return {
    show(state, told) {
      if (document.activeElement !== page || isPage(page.value.trim())) page.value = state.page;
      options(state.output);
      output.value = state.output;
      fault(page, faults.page, isPage(page.value.trim()) ? "" : say("builder.fault_page", { most: MOST_PAGES }));
      fault(output, faults.output, told?.step === "output" ? told.sentence : "");
      // what is given is seen, and whoever closes it again may
      const now = Boolean(state.page || state.output || page.value.trim());
      if ((now && !given) || !faults.page.hidden || !faults.output.hidden) more.open = true;
      given = now;
    },
    offer(found) {
      outputs = found;
    },
    fine: () => isPage(page.value.trim()),
  };
}
