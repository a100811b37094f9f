// A file in one piece: ask the master for a signed form, post it to the bucket.

import { Refused, asked, persist } from "./persist.js";
import { send } from "./transfer.js";

const FORBIDDEN = 403;
// of its life; whoever begins later might end too late
const GOOD_PART = 0.8;

const KIND = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/;

/** What the master is told of every upload. */
export const described = (file, { name, pipeline, batch }) => ({
  filename: name,
  pipeline,
  size: file.size,
  content_type: KIND.test(file.type) ? file.type : "application/octet-stream",
  batch,
});

/** Upload `file`; returns the key under which its job will be found. */
export function sendWhole(file, order, { signal, waiting, progress }) {
  let form = null;
  let good = 0;
  return persist(
    async () => {
      // the answer to an earlier try may be all that was lost: to send it again would make two jobs of one image
      if (form && (await arrived(form.key, signal))) return form.key;
      if (!form || Date.now() > good) {
        form = await asked("POST", "/api/uploads", described(file, order), signal);
        good = Date.now() + form.expires * 1000 * GOOD_PART;
      }
      try {
        await send("POST", form.url, filled(form, file), { file, signal, progress });
      } catch (error) {
        // the form's life is over by the bucket's clock: there is nothing else that was signed for this very file
        if (!(error instanceof Refused && error.status === FORBIDDEN && good !== Infinity)) throw error;
        form = await asked("POST", "/api/uploads", described(file, order), signal);
        good = Infinity;
        await send("POST", form.url, filled(form, file), { file, signal, progress });
      }
      return form.key;
    },
    { signal, waiting },
  );
}

function filled(form, file) {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", file);
  return body;
}

async function arrived(key, signal) {
  const there = await asked("GET", `/api/images?${new URLSearchParams({ prefix: key })}`, null, signal);
  return there.versions.some((version) => version.key === key);
}
