// What an answer that is no success says in a sentence: our own problem documents, and the gateway's, which has only a message.

import { say } from "./strings.js";

/** Whether an answer's status may be another one soon: who asked too often, or whom a service failed, asks again. */
export const mayPass = (status) => status === 429 || status >= 500;

/** The sentences of a problem's document. */
export function told(problem) {
  return [problem?.detail ?? problem?.message ?? say("page.no_answer"), problem?.advice].filter(Boolean).join(" ");
}

/** The sentences of an answer; what is no JSON tells nothing. */
export async function problemOf(response) {
  return told(await response.json().catch(() => null));
}
