// Pipelines that have a name: one's own, kept in this browser, and the presets, with pictures of what they do.

import { copied } from "../clipboard.js";
import { cloned, field, shown } from "../dom.js";
import { problemOf } from "../problems.js";
import { ask } from "../session.js";
import { say } from "../strings.js";
import { closable } from "./dialog.js";
import { element } from "./element.js";
import { linkTo } from "./links.js";
import { forget, rename, save, saved } from "./saved.js";

/**
 * The dialog of them: `open()`. `textNow()` gives the pipeline that can be saved, or null; `chosen(text, name)` is called with
 * the one that is taken.
 */
export function presetsIn(dialog, textNow, chosen) {
  const presets = dialog.querySelector(".presets");
  const own = dialog.querySelector(".saved");
  const form = dialog.querySelector("form");
  const trouble = dialog.querySelector('[role="alert"]');
  const told = dialog.querySelector('[role="status"]');

  // --- one's own ---------------------------------------------------------------------------------------------------

  function drawOwn() {
    const rows = saved().map(rowOf);
    own.replaceChildren(...rows);
    form.hidden = textNow() === null;
    field(dialog, "to-save").textContent = textNow() ?? "";
  }

  function rowOf({ name, text }) {
    const row = cloned(document.getElementById("saved-row"));
    field(row, "name").textContent = shown(name);
    field(row, "text").textContent = shown(text);
    for (const button of row.querySelectorAll("[data-named]")) {
      button.setAttribute("aria-label", `${button.dataset.named}: ${shown(name)}`);
    }
    const does = {
      take: () => take(text, name),
      link: () => copied(linkTo(text)).then((done) => tell(done ? say("builder.link_copied") : linkTo(text))),
      forget: () => {
        forget(name);
        drawOwn();
        tell(say("builder.forgotten", { name: shown(name) }));
        form.elements.name.focus();
      },
      rename: () => renaming(row, name),
    };
    row.addEventListener("click", (event) => does[event.target.closest("button")?.dataset.does]?.());
    return row;
  }

  function renaming(row, name) {
    const input = element("input", { type: "text", value: name, maxlength: 60, "aria-label": say("builder.new_name") });
    const label = field(row, "name");
    label.replaceWith(input);
    input.select();
    let over = false;
    const end = (kept) => {
      if (over) return;
      over = true;
      const to = input.value.trim();
      if (kept && to && to !== name) rename(name, to);
      drawOwn();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter");
      own.querySelector("button")?.focus();
    });
    input.addEventListener("blur", () => end(true));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = form.elements.name.value.trim();
    const text = textNow();
    if (!name || text === null) return form.elements.name.focus();
    const kept = save(name, text);
    form.reset();
    drawOwn();
    tell(kept ? say("builder.saved", { name: shown(name) }) : say("builder.not_saved"));
  });

  const tell = (sentence) => (told.textContent = sentence);

  // --- presets -----------------------------------------------------------------------------------------------------

  async function load() {
    const response = await ask("/api/presets").catch(() => null);
    if (!response?.ok) return fail(response ? await problemOf(response) : say("page.no_answer"));
    const answer = await response.json();
    const faults = [answer.fault, ...answer.presets.map((each) => each.fault)].filter(Boolean);
    fail(faults.map(shown).join(" "));
    const fine = answer.presets.filter((each) => !each.fault);
    // the deployment's own come first
    presets.replaceChildren(...fine.toSorted((one, other) => one.shipped - other.shipped).map(cardOf));
  }

  function fail(sentence) {
    trouble.textContent = sentence;
    trouble.hidden = !sentence;
  }

  function cardOf({ name, pipeline, picture }) {
    const card = cloned(document.getElementById("preset-card"));
    field(card, "name").textContent = shown(name);
    field(card, "text").textContent = shown(pipeline);
    const image = card.querySelector("img");
    if (picture) image.src = picture;
    else image.replaceWith(element("span", { class: "no-picture", "aria-hidden": "true" }, kindOf(pipeline)));
    card.querySelector("button").addEventListener("click", () => take(pipeline, name));
    return card;
  }

  function take(text, name) {
    dialog.close();
    chosen(text, shown(name));
  }

  closable(dialog);
  return {
    open() {
      tell("");
      drawOwn();
      dialog.showModal();
      load();
    },
  };
}

/** What stands in the place of a picture: the ending of what comes out. */
const kindOf = (pipeline) => /output\((\w+)\)\s*$/.exec(pipeline)?.[1] ?? "";
