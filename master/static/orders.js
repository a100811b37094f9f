// What a user orders: sent as JSON, answered by what came of it or by a problem in a sentence.

import { problemOf } from "./problems.js";
import { ask } from "./session.js";
import { say } from "./strings.js";

/** Send `body` to `address`; `{ answer, problem }`, of which one is empty. */
export async function order(address, body) {
  try {
    const response = await ask(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) return { answer: null, problem: await problemOf(response) };
    return { answer: await response.json(), problem: "" };
  } catch {
    return { answer: null, problem: say("page.no_answer") };
  }
}
