// What a user orders: sent as JSON, answered by what came of it or by a problem in a sentence.

import { ask } from "./session.js";
import { strings } from "./strings.js";

/** Send `body` to `address`; `{ answer, problem }`, of which one is empty. */
export async function order(address, body) {
  try {
    const response = await ask(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
    const told = await response.json();
    if (response.ok) return { answer: told, problem: "" };
    return { answer: null, problem: `${told.detail} ${told.advice}` };
  } catch {
    return { answer: null, problem: strings.noAnswer };
  }
}
