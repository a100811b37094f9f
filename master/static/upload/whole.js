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

/**
 * Upload `file`; returns the key under which its job will be found. `signed` is what was signed for this very file before, and
 * keeps what is now.
 */
export function sendWhole(file, order, { signal, waiting, progress, signed }) {
  const sign = async () => {
    signed.form = await asked("POST", "/api/uploads", described(file, order), signal);
    signed.good = Date.now() + signed.form.expires * 1000 * GOOD_PART;
  };
  const post = () => send("POST", signed.form.url, filled(signed.form, file), { file, signal, progress });
  let anew = false;
  return persist(
    async () => {
      // the answer to an earlier try may be all that was lost: to send it again would make two jobs of one image
      if (signed.form && (await arrived(signed.form.key, signal))) return signed.form.key;
      if (!signed.form || Date.now() > signed.good) await sign();
      try {
        await post();
      } catch (error) {
        // the form's life is over by the bucket's clock: there is nothing else that was signed for this very file
        if (!(error instanceof Refused && error.status === FORBIDDEN) || anew) throw error;
        anew = true;
        await sign();
        await post();
      }
      return signed.form.key;
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
