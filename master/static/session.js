// Who asks: where the deployment wants people to sign in, requests bear a token, and what gets one is loaded (tokens.js).

import { later } from "./later.js";
import { passing } from "./storage.js";

const meta = document.querySelector('meta[name="tilework-sign-in"]');

/** Where to sign in (`url`, `client`, `issuer`, `scopes`), or null where nobody has to. */
export const wanted = meta ? JSON.parse(meta.content) : null;

export const SESSION = "tilework.session";
export const kept = (name) => JSON.parse(passing.get(name) ?? "null");

/** Who is signed in; empty where that is not known, or nobody has to. */
export const who = () => (wanted && kept(SESSION)?.email) || "";

const tokens = later(() => import("./tokens.js"));

/** `fetch` with a token, where one is wanted. */
export const ask = async (address, options = {}) =>
  wanted ? (await tokens()).asked(address, options) : fetch(address, options);
