// Bytes to the bucket, a few requests at a time, each telling how far it is.

import { Lost, Refused, passes } from "./persist.js";
import { say } from "../strings.js";
import { parsed } from "../trusted.js";
import { turns } from "../turns.js";

const inTurn = turns(4);
// a line that carries nothing for so long is cut, whatever the system says
const SILENCE_MS = 60000;
// what S3 says with a status of 400 where bytes came too slowly
const TIMED_OUT = "RequestTimeout";

/**
 * Send `body`, the bytes of `file` or a form with them. `progress(count)` is called with the bytes sent so far. Throws Lost,
 * Refused (with the status), or what `signal` was aborted with.
 */
export function send(method, address, body, { file, signal, progress }) {
  return inTurn(async () => {
    signal.throwIfAborted();
    try {
      return await sent(method, address, body, signal, progress);
    } catch (error) {
      progress(0);
      if (error instanceof Lost && !(await isReadable(file))) throw new Refused(say("upload.unreadable"));
      throw error;
    }
  });
}

function sent(method, address, body, signal, progress) {
  return new Promise((resolve, reject) => {
    // fetch does not tell how much has been sent
    const request = new XMLHttpRequest();
    let silence = 0;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    const callOff = () => request.abort();
    request.open(method, address);
    request.upload.addEventListener("progress", (event) => {
      heard();
      progress(event.loaded);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else if (passes(request.status) || code(request) === TIMED_OUT) reject(new Lost(refusal(request.responseText)));
      else reject(new Refused(refusal(request.responseText), { status: request.status, code: code(request) }));
    });
    request.addEventListener("error", () => reject(new Lost(say("upload.cut"))));
    request.addEventListener("abort", () => reject(signal.aborted ? signal.reason : new Lost(say("upload.cut"))));
    request.addEventListener("loadend", () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", callOff);
    });
    signal.addEventListener("abort", callOff);
    heard();
    request.send(body);
  });
}

/** What S3 says, if it says anything that can be understood. */
function refusal(xml) {
  const message = element(xml, "Message");
  return message ? `${say("upload.refused")} ${message}` : say("upload.refused");
}

const code = (request) => element(request.responseText, "Code");

const element = (xml, name) =>
  parsed(xml, "text/xml").querySelector(name)?.textContent ?? "";

/** Whether the file is still what it was when it was chosen: a browser reads no byte of one that changed since. */
const isReadable = (file) =>
  file.slice(0, 1).arrayBuffer().then(
    () => true,
    () => false,
  );
