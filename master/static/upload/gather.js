// The files of a drop, whatever was dropped: files, folders with all that is below them, as far as it is an image.

const chooser = document.getElementById("files");
const SUFFIXES = new Set(chooser.accept.split(",").filter((each) => each.startsWith(".")));

/** Whether a file that nobody chose by itself is meant: a folder also holds what its system keeps there. */
function isMeant(file) {
  if (file.name.startsWith(".")) return false;
  const suffix = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
  return file.type.startsWith("image/") || SUFFIXES.has(suffix);
}

/**
 * What is in a drop: `{ found, left }`, of which `found` are `{ file, handle, path }`, and `left` the paths of what was left out of
 * folders. `told(count)` is called while folders are gone through. To be called before the drop's event is over.
 */
export async function gathered(transfer, told) {
  const items = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => ({
      file: item.getAsFile(),
      entry: item.webkitGetAsEntry?.() ?? null,
      handle: item.getAsFileSystemHandle?.().catch(() => null) ?? null,
    }));
  const basket = new Basket(told);
  for (const item of items) {
    const handle = await item.handle;
    if (handle?.kind === "directory") await basket.takeHandle(handle, "");
    else if (!handle && item.entry?.isDirectory) await basket.takeEntry(item.entry, "");
    else if (item.file) basket.take(item.file, handle, item.file.name);
  }
  return basket;
}

/** The files that an input with `webkitdirectory` gives. */
export function ofFolder(files) {
  const basket = new Basket(() => {});
  for (const file of files) basket.takeMeant(file, null, file.webkitRelativePath || file.name);
  return basket;
}

class Basket {
  constructor(told) {
    this.told = told;
    this.found = [];
    this.left = [];
  }

  take(file, handle, path) {
    this.found.push({ file, handle, path });
  }

  takeMeant(file, handle, path) {
    if (isMeant(file)) this.take(file, handle, path);
    else this.left.push(path);
    this.told(this.found.length);
  }

  async takeHandle(folder, path) {
    for await (const each of folder.values()) {
      const below = `${path}${folder.name}/`;
      if (each.kind === "directory") await this.takeHandle(each, below);
      else this.takeMeant(await each.getFile(), each, below + each.name);
    }
  }

  async takeEntry(folder, path) {
    const reader = folder.createReader();
    const below = `${path}${folder.name}/`;
    // a reader gives some hundred at a time
    for (let some = await entries(reader); some.length; some = await entries(reader)) {
      for (const each of some) {
        if (each.isDirectory) await this.takeEntry(each, below);
        else this.takeMeant(await fileOf(each), null, below + each.name);
      }
    }
  }
}

const entries = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
