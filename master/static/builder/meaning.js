// What a pipeline's text means, asked of the server; and a fault shown under the very character.

import { show } from "../dom.js";
import { told } from "../problems.js";
import { ask } from "../session.js";

/**
 * A function that asks for the meaning of a text: `{ valid, answer }`, or null where another text has overtaken it, or nobody
 * answers.
 */
export function reader() {
  let asked = 0;
  return async (text) => {
    const number = ++asked;
    try {
      const response = await ask(`/api/pipeline?${new URLSearchParams({ text })}`);
      const answer = await response.json();
      // a gateway's refusal says nothing of the text
      if (!response.ok && answer.code === undefined) return null;
      return number === asked ? { valid: response.ok, answer } : null;
    } catch {
      return null;
    }
  };
}

/** Show `text` in `error` with the character at fault marked, and the reason below it; hide it without a `problem`. */
export function point(error, text, problem) {
  show(error, Boolean(problem));
  if (!problem) return;
  // the server counts characters, of which some are two here
  const characters = [...text];
  const at = Math.min(problem.position ?? 0, characters.length);
  const mark = document.createElement("mark");
  mark.textContent = characters[at] ?? " ";
  const echo = error.querySelector(".echo");
  echo.replaceChildren(characters.slice(0, at).join(""), mark, characters.slice(at + 1).join(""));
  show(echo, problem.position !== undefined && problem.position !== null);
  error.querySelector(".why").textContent = problem.detail ?? told(problem);
}
