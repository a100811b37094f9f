// A page of a deployment that wants people to sign in: nothing is in it until its reader has a token.

import { problemOf } from "./problems.js";
import { save } from "./save.js";
import { ask, who } from "./session.js";
import { say } from "./strings.js";
import { signedIn, signIn, signOut } from "./tokens.js";
import { parsed } from "./trusted.js";

const root = document.getElementById("shell");

function tell(sentence, { again = true } = {}) {
  document.getElementById("shell-told").textContent = sentence;
  document.getElementById("shell-again").hidden = !again;
}

/** Put the page in place that the master renders for whoever has a token, and start its module. */
async function show() {
  const response = await ask(`/api/page${location.pathname}${location.search}`, {
    headers: { Accept: "text/html" },
  });
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) throw new Error(say("page.no_answer"));
  const page = parsed(await response.text(), "text/html");
  const module = page.querySelector('script[type="module"]');
  document.title = page.title;
  await Promise.all([...page.querySelectorAll('link[rel="stylesheet"]')].map(styled));
  document.body.replaceWith(document.adoptNode(page.body));
  const out = document.getElementById("sign-out");
  out.title = who();
  out.addEventListener("click", signOut);
  document.addEventListener("click", downloaded);
  if (module) await import(module.getAttribute("src"));
}

/** Take over a page's stylesheet that is not here yet; a page without one is still a page. */
function styled(link) {
  const href = link.getAttribute("href");
  if (document.querySelector(`link[href="${CSS.escape(href)}"]`)) return null;
  const own = document.createElement("link");
  own.rel = "stylesheet";
  own.href = href;
  document.head.append(own);
  return new Promise((resolve) => {
    own.addEventListener("load", resolve);
    own.addEventListener("error", resolve);
  });
}

/** A link to the API bears no token: what it leads to is asked for here, and handed over as a file. */
async function downloaded(event) {
  const link = event.target.closest('a[href^="/api/"]');
  if (!link) return;
  event.preventDefault();
  link.parentElement.querySelector('[role="alert"]')?.remove();
  const response = await ask(link.getAttribute("href"));
  if (!response.ok) return refused(link, await problemOf(response));
  const [, name] = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "") ?? [];
  save(await response.blob(), name ?? "download");
}

/** Say beside a link why nothing was saved. */
function refused(link, sentence) {
  const told = document.createElement("span");
  told.setAttribute("role", "alert");
  told.textContent = ` ${sentence}`;
  link.after(told);
}

async function start() {
  if (root.dataset.shell === "signed-out") return tell(say("sign_in.signed_out"));
  try {
    if (root.dataset.shell !== "signed-in") return await show();
    const view = await signedIn();
    location.replace(view);
  } catch (error) {
    tell(error.message);
  }
}

document.getElementById("shell-again").addEventListener("click", (event) => {
  // the place that answers a sign-in is no view to come back to
  if (root.dataset.shell !== "page") return;
  event.preventDefault();
  signIn().catch((error) => tell(error.message));
});
start();
