// What a user orders: sent as JSON, answered by what came of it or by a problem in a sentence.

import { told } from "./problems.js";
import { ask } from "./session.js";
import { say } from "./strings.js";

const TOO_MANY = 429;

/**
 * Send `body` to `address`; `{ answer, problem }`, of which one is empty. Where there were too many orders, `seconds` are how
 * long to wait with the next.
 */
export async function order(address, body) {
  try {
    const response = await ask(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      const problem = await response.json().catch(() => null);
      const seconds = response.status === TOO_MANY ? (problem?.seconds ?? 1) : 0;
      return { answer: null, problem: told(problem), seconds };
    }
    return { answer: await response.json(), problem: "" };
  } catch {
    return { answer: null, problem: say("page.no_answer") };
  }
}
