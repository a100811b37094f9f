// What this browser remembers of uploads: those in parts that were begun and not finished, and what was dropped before.
// Where it may not remember (a private window), it forgets with the page.

import { who } from "../session.js";

const NAME = "tilework";
const VERSION = 1;
const BEGUN = "begun";
const DROPPED = "dropped";

// what was dropped so long ago is asked about no more
const REMEMBERED_MS = 90 * 24 * 3600 * 1000;

let opening = null;
const forgotten = { [BEGUN]: new Map(), [DROPPED]: new Map() };

function database() {
  opening ??= new Promise((resolve) => {
    let request;
    try {
      request = indexedDB.open(NAME, VERSION);
    } catch {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => {
      request.result.createObjectStore(BEGUN, { keyPath: "key" });
      request.result.createObjectStore(DROPPED, { keyPath: "mark" }).createIndex("time", "time");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => resolve(null);
  });
  return opening;
}

/** What `work(store)` asks for, done; `instead(map)` where nothing can be kept. */
async function done(store, mode, work, instead) {
  const opened = await database();
  if (!opened) return instead(forgotten[store]);
  return new Promise((resolve, reject) => {
    const transaction = opened.transaction(store, mode);
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  }).catch(() => instead(forgotten[store]));
}

const put = (store, key, value) =>
  done(store, "readwrite", (each) => each.put(value), (map) => map.set(value[key], value));
const remove = (store, key) =>
  done(store, "readwrite", (each) => each.delete(key), (map) => map.delete(key));
const get = (store, key) =>
  done(store, "readonly", (each) => each.get(key), (map) => map.get(key));

/** Uploads that were begun, by their keys: those of whoever is signed in. */
export const begun = {
  keep: (upload) => put(BEGUN, "key", { ...upload, who: who() }),
  forget: (key) => remove(BEGUN, key),
  async all() {
    const found = await done(BEGUN, "readonly", (each) => each.getAll(), (map) => [...map.values()]);
    return (found ?? []).filter((upload) => upload.who === who());
  },
};

/** What was dropped, by its mark: `{ mark, key, pipeline, time }`. */
export const dropped = {
  keep: (mark, told) => put(DROPPED, "mark", { mark: `${who()}\n${mark}`, time: Date.now(), ...told }),
  find: (mark) => get(DROPPED, `${who()}\n${mark}`),
  forgetOld: () =>
    done(
      DROPPED,
      "readwrite",
      (store) => {
        const old = store.index("time").openCursor(IDBKeyRange.upperBound(Date.now() - REMEMBERED_MS));
        old.onsuccess = () => {
          old.result?.delete();
          old.result?.continue();
        };
      },
      () => {},
    ),
};
