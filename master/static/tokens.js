// Tokens of who signs in, with PKCE on Cognito's own pages.
//
// Tokens are in sessionStorage: the pages are several, so that memory alone would mean a sign-in a click; what is
// there ends with the tab, and no other site sees it. A tab that is duplicated takes a copy along: a renewal is good once,
// so that of the two the one that renews later signs in again. Scripts come from this site only (CSP).

import { SESSION, kept, wanted } from "./session.js";
import { passing } from "./storage.js";
import { say } from "./strings.js";

const PENDING = "tilework.sign-in";

// seconds before its end at which a token is renewed
const EARLY = 60;
// a token that is refused so soon will not become better by another sign-in
const FRESH = 30;

// after which a page that was to be left is still there because a person wants it
const STAYED_MS = 10000;

const now = () => Date.now() / 1000;
const keep = (name, value) => passing.set(name, JSON.stringify(value));

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function claimsOf(token) {
  const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (each) => each.charCodeAt(0))));
}

// --- signing in ----------------------------------------------------------------------------------------------------

let leaving = null;

/**
 * Leave for the sign-in pages, once, to come back to the view that is open. Never returns; throws an Error with a sentence where
 * somebody stays, for what is still to be sent.
 */
export function signIn() {
  leaving ??= leave();
  return leaving;
}

async function leave() {
  const pending = { state: random(), nonce: random(), verifier: random(), view: location.pathname + location.search };
  keep(PENDING, pending);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: wanted.client,
    redirect_uri: `${location.origin}/signed-in`,
    scope: wanted.scopes.join(" "),
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${wanted.url}/oauth2/authorize?${query}`);
  await new Promise((over) => setTimeout(over, STAYED_MS));
  throw new Error(say("sign_in.over"));
}

/** Come back from the sign-in pages: the view to go on with. Throws an Error with a sentence. */
export async function signedIn() {
  const query = new URLSearchParams(location.search);
  const pending = kept(PENDING);
  passing.remove(PENDING);
  if (query.has("error")) throw new Error(`${say("sign_in.failed")} ${query.get("error_description") ?? ""}`);
  // an answer that this tab did not ask for would sign it in as somebody else
  if (!pending || query.get("state") !== pending.state) throw new Error(say("sign_in.unasked"));
  const tokens = await granted({
    grant_type: "authorization_code",
    code: query.get("code") ?? "",
    redirect_uri: `${location.origin}/signed-in`,
    code_verifier: pending.verifier,
  });
  const claims = tokens && claimsOf(tokens.id_token);
  if (!claims || claims.nonce !== pending.nonce || claims.aud !== wanted.client || claims.iss !== wanted.issuer) {
    throw new Error(say("sign_in.failed"));
  }
  remember(tokens, claims.email ?? "");
  // "//elsewhere.example" is a path to nobody but a browser
  return new URL(pending.view, location.origin).origin === location.origin ? pending.view : "/";
}

/** Tokens for a grant; null where it is refused. Throws where nobody answers. */
async function granted(grant) {
  const response = await fetch(`${wanted.url}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: wanted.client, ...grant }),
  });
  if (response.status >= 500 || response.status === 429) throw new Error(say("page.no_answer"));
  return response.ok ? response.json() : null;
}

function remember(tokens, email, refresh = "") {
  keep(SESSION, {
    access: tokens.access_token,
    refresh: tokens.refresh_token ?? refresh,
    since: now(),
    end: now() + tokens.expires_in,
    email,
  });
}

let renewing = null;

/** Renew the session, once for all who ask meanwhile; null where it is over. */
function renewed() {
  renewing ??= renew().finally(() => (renewing = null));
  return renewing;
}

async function renew() {
  const session = kept(SESSION);
  const tokens =
    session?.refresh && (await granted({ grant_type: "refresh_token", refresh_token: session.refresh }));
  if (tokens) remember(tokens, session.email, session.refresh);
  else passing.remove(SESSION);
  return kept(SESSION);
}

/** End the session here and on the sign-in pages. */
export async function signOut() {
  const session = kept(SESSION);
  // whoever asks meanwhile finds no session, and must not lead away to a new one
  leaving = new Promise(() => {});
  passing.remove(SESSION);
  const body = new URLSearchParams({ client_id: wanted.client, token: session?.refresh ?? "" });
  // whoever cannot be reached cannot be asked to forget; the token here is gone in any case
  await fetch(`${wanted.url}/oauth2/revoke`, { method: "POST", body }).catch(() => {});
  const query = new URLSearchParams({ client_id: wanted.client, logout_uri: `${location.origin}/signed-out` });
  location.assign(`${wanted.url}/logout?${query}`);
}

// --- asking --------------------------------------------------------------------------------------------------------

/** `fetch` with a token: an old one is renewed, and where that is over, people sign in again. */
export async function asked(address, options) {
  let session = kept(SESSION);
  if (!session || session.end - EARLY < now()) session = (await renewed()) ?? (await signIn());
  let response = await sent(address, options, session);
  if (response.status !== 401) return response;
  if (now() - session.since < FRESH) throw new Error(say("sign_in.refused"));
  session = (await renewed()) ?? (await signIn());
  response = await sent(address, options, session);
  if (response.status === 401) throw new Error(say("sign_in.refused"));
  return response;
}

const sent = (address, options, session) =>
  fetch(address, { ...options, headers: { ...options.headers, Authorization: `Bearer ${session.access}` } });
