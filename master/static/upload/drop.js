// Images that a person drops, chooses, photographs or pastes.

import { later } from "../later.js";
import { say } from "../strings.js";
import { startHands } from "./hands.js";
import { begun, dropped } from "./memory.js";
import { tellTrouble } from "./trouble.js";

// a hand comes before a drop
const HANDS = ["pointermove", "pointerdown", "keydown", "dragenter"];

// what sends and shows is loaded when the page is alive and somebody is there
const drops = later(() => import("./drops.js"));

async function take(basket, look) {
  try {
    await (await drops()).begin(basket, look);
  } catch {
    tellTrouble(say("page.no_answer"));
  }
}

// what few visits need is loaded when the page is alive
async function goOnWithUnfinished(look) {
  await dropped.forgetOld();
  if (!(await begun.all()).length) return;
  const [{ startUnfinished }, { resume }] = await Promise.all([import("./unfinished.js"), drops()]);
  startUnfinished((upload, file) => resume(upload, file, look));
}

export function startDrop(look) {
  startHands((basket) => take(basket, look));
  for (const hand of HANDS) document.addEventListener(hand, () => drops().catch(() => {}), { once: true, passive: true });
  document.getElementById("bucket").addEventListener(
    "toggle",
    async () => (await import("./bucket.js")).startBucket(look),
    { once: true },
  );
  goOnWithUnfinished(look);
}
