// OpenSeadragon, fetched when there is something to zoom: it is larger than all the rest of the page.

import { later } from "../later.js";

const ADDRESS = "../vendor/openseadragon/openseadragon.min.js";

/** Resolves to OpenSeadragon. Rejects where it cannot be fetched. */
export const openSeadragon = later(async () => {
  // it would write a style of its own into the page, which the page's policy forbids, unless it finds one: this is none
  const mark = document.createElementNS("urn:none", "style");
  mark.setAttribute("data-openseadragon-mobile-css", "");
  document.head.append(mark);
  // it is no module, and as one leaves its name in the window all the same
  await import(ADDRESS);
  const library = window.OpenSeadragon;
  // a tile that is still to be made is no error; what else fails is told on the page
  library.console = { ...mute, assert: nothing };
  return library;
});

const nothing = () => {};
const mute = { log: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
