// One file to the bucket: ask the master for a signed form, post it there, tell how far it is.

import { problemOf } from "../problems.js";
import { ask } from "../session.js";
import { say } from "../strings.js";

/** Ask for a signed form; throws an Error with a sentence. */
async function signed(file, pipeline, batch) {
  const response = await ask("/api/uploads", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      filename: file.name || "pasted.png",
      pipeline,
      size: file.size,
      content_type: /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(file.type) ? file.type : "application/octet-stream",
      batch,
    }),
  });
  if (!response.ok) throw new Error(await problemOf(response));
  return response.json();
}

/** Post the form; `progress(part)` is called with 0 to 1. */
function posted(form, file, progress) {
  return new Promise((resolve, reject) => {
    // fetch does not tell how much has been sent
    const request = new XMLHttpRequest();
    request.open("POST", form.url);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new Error(refusal(request.responseText)));
    });
    request.addEventListener("error", () => reject(new Error(say("upload.cut"))));
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    body.append("file", file);
    request.send(body);
  });
}

/** What S3 says, if it says anything that can be understood. */
function refusal(xml) {
  const message = new DOMParser().parseFromString(xml, "text/xml").querySelector("Message")?.textContent;
  return message ? [say("upload.refused"), message].join(" ") : say("upload.refused");
}

/** Upload `file`; returns the key under which its job will be found. */
export async function upload(file, { pipeline, batch, progress }) {
  const form = await signed(file, pipeline, batch);
  await posted(form, file, progress);
  return form.key;
}
