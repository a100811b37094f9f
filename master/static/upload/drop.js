// Images that a person drops, chooses, photographs or pastes.

import { later } from "../later.js";
import { say } from "../strings.js";
import { startHands } from "./hands.js";
import { begun, dropped } from "./memory.js";
import { tellTrouble } from "./trouble.js";

// a hand comes before a drop
const HANDS = ["pointermove", "pointerdown", "keydown", "dragenter"];

// milliseconds until what was cut off is asked for again, if the line does not say before that it is back
const AGAIN = 3000;

// what sends and shows is loaded when the page is alive and somebody is there; under a name of its own each time, for a browser
// may remember of an address that nothing came from it
let tries = 0;
const drops = later(() => (tries++ ? import(`./drops.js?${tries}`) : import("./drops.js")));

/** The same, however long there is no line: what was dropped is kept until then. */
async function dropsAtLast() {
  for (;;) {
    try {
      return await drops();
    } catch {
      tellTrouble(say("upload.kept"));
      await new Promise((over) => {
        setTimeout(over, AGAIN);
        window.addEventListener("online", over, { once: true });
      });
    }
  }
}

const warn = (event) => event.preventDefault();
let taking = 0;

async function take(basket, look) {
  // until it is begun, it is nowhere but here
  if (!taking++) window.addEventListener("beforeunload", warn);
  try {
    await (await dropsAtLast()).begin(basket, look);
  } finally {
    if (!--taking) window.removeEventListener("beforeunload", warn);
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
