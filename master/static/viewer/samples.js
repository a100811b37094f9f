// The samples of one pixel: as the preview tells them, or of a result that is still made, as its tile shows them.

import { askPatiently } from "../patience.js";

// of a PNG, where its depth and its colour type stand, and what the types hold (ISO/IEC 15948, 11.2.2)
const [DEPTH, COLOUR] = [24, 25];
const CHANNELS = { 0: ["grey"], 2: ["red", "green", "blue"] };

/** The samples at `{ x, y }` of the preview's image at `place`: null where there are none, undefined where that was not told. */
export async function previewed(place, version, { x, y }, signal) {
  const query = new URLSearchParams({ x, y, version });
  const response = await askPatiently(`${place}/pixel?${query}`, { signal, headers: { Accept: "application/json" } });
  // what was not told for now is asked for with the next look
  if (response.status >= 500) return undefined;
  return response.ok ? response.json() : null;
}

/**
 * The samples at `{ x, y }` of a tile, whose address is given and whose side is `tile`: undefined where it is not there yet,
 * null where a browser does not show the very samples (a JPEG is decoded one way here and another there).
 */
export async function shownBy(address, tile, { x, y }, signal) {
  const response = await askPatiently(address, { signal });
  if (response.status !== 200) return undefined;
  const file = await response.blob();
  const header = new Uint8Array(await file.slice(0, COLOUR + 1).arrayBuffer());
  const channels = file.type === "image/png" && header[DEPTH] === 8 && CHANNELS[header[COLOUR]];
  if (!channels) return null;
  const pixel = await createImageBitmap(file, x % tile, y % tile, 1, 1, { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.drawImage(pixel, 0, 0);
  return { channels, samples: [...context.getImageData(0, 0, 1, 1).data.slice(0, channels.length)] };
}
