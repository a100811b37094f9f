// OpenSeadragon, fetched when there is something to zoom: it is larger than all the rest of the page.

let loading = null;

/** Resolves to OpenSeadragon. Rejects where it cannot be fetched; then another call tries again. */
export function openSeadragon() {
  loading ??= load().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

function load() {
  // it would write a style of its own into the page, which the page's policy forbids, unless it finds one: this is none
  const mark = document.createElementNS("urn:none", "style");
  mark.setAttribute("data-openseadragon-mobile-css", "");
  const script = document.createElement("script");
  script.src = new URL("../vendor/openseadragon/openseadragon.min.js", import.meta.url).href;
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => {
      const library = window.OpenSeadragon;
      // a tile that is still to be made is no error; what else fails is told on the page
      library.console = { ...mute, assert: mute.log };
      resolve(library);
    });
    script.addEventListener("error", () => reject(new Error(script.src)));
    document.head.append(mark, script);
  });
}

const nothing = () => {};
const mute = { log: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
