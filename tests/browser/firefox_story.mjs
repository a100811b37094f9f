// The first story in Firefox, by WebDriver BiDi, which every Firefox speaks by itself: Playwright's own needs a Firefox of its making.
//
// Told: the browser's program, the page, the image, a folder for the profile. Prints what it saw as JSON.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";

const [program, page, image, profile] = process.argv.slice(2);
const SECONDS = 60;

// downloads go into the profile's folder, and nothing is fetched that no page asked for
writeFileSync(
  `${profile}/user.js`,
  Object.entries({
    "browser.download.folderList": 2,
    "browser.download.dir": profile,
    "app.update.enabled": false,
    "browser.shell.checkDefaultBrowser": false,
    "datareporting.policy.dataSubmissionEnabled": false,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "remote.active-protocols": 1,
  })
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join(""),
);

const browser = spawn(program, ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile]);
const address = await new Promise((resolve, reject) => {
  let said = "";
  browser.stderr.on("data", (part) => {
    said += part;
    const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
    if (found) resolve(`${found[1]}/session`);
  });
  browser.on("exit", () => reject(new Error(said)));
});

const socket = new WebSocket(address);
await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
const waiting = new Map();
const errors = [];
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.type === "event") {
    const { level, text, type } = message.params;
    if (level === "error" || type === "javascript") errors.push(text);
    return;
  }
  const { resolve, reject } = waiting.get(message.id);
  if (message.type === "error") reject(new Error(message.message));
  else resolve(message.result);
};

let last = 0;
function command(method, params) {
  last += 1;
  socket.send(JSON.stringify({ id: last, method, params }));
  return new Promise((resolve, reject) => waiting.set(last, { resolve, reject }));
}

await command("session.new", { capabilities: {} });
await command("session.subscribe", { events: ["log.entryAdded"] });
const { context } = (await command("browsingContext.getTree", {})).contexts[0];

/** The value of an expression in the page. */
async function value(expression) {
  const options = { target: { context }, awaitPromise: true };
  const { result, exceptionDetails } = await command("script.evaluate", { expression, ...options });
  if (exceptionDetails) throw new Error(exceptionDetails.text);
  return result.value;
}

/** Wait until an expression is true. */
async function until(expression) {
  const end = Date.now() + SECONDS * 1000;
  while (!(await value(`Boolean(${expression})`))) {
    if (Date.now() > end) throw new Error(`not after ${SECONDS} s: ${expression}; ${errors.join("; ")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function visit(url) {
  await command("browsingContext.navigate", { context, url, wait: "complete" });
}

await visit(page);
await until("document.querySelector('#pipeline-text')?.value");
const { nodes } = await command("browsingContext.locateNodes", { context, locator: { type: "css", value: "#files" } });
await command("input.setFiles", { context, element: { sharedId: nodes[0].sharedId }, files: [image] });
const name = image.split("/").at(-1);
const row = `[...document.querySelectorAll("#jobs .job")].find((each) => each.textContent.includes(${JSON.stringify(name)}))`;
await until(`${row}?.dataset.state === "DONE"`);
const link = await value(`${row}.querySelector("a").href`);
await visit(link);
await until("document.querySelector('[data-field=result-link]')?.href");
await until("document.querySelector('#job').dataset.state === 'DONE'");
const result = await value("document.querySelector('[data-field=result-link]').href");
const width = await value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
await command("browser.close", {});
process.stdout.write(JSON.stringify({ result, errors, wider: width }));
