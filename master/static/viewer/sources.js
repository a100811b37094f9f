// What can be zoomed: an image that the API tells in levels and tiles, where level 0 is the whole.

import { askPatiently, inTurn } from "../patience.js";
import { mayPass } from "../problems.js";
import { ask } from "../session.js";
import { previewed, shownBy } from "./samples.js";

// a file's own levels end with one tile; a screen wants no more than so many at once
const MOST_COARSE = 256;
// what is told of an image without overviews until it has been read once
export const BEING_READ = "image_being_read";

/**
 * The tile source of an image: `levels` from the whole to the smallest, `tile` pixels a side, `address(level, column, row)`
 * of a tile, and whether one may be there (`isThere`). A tile whose answer is empty (204) is still to be made.
 */
export function tileSource(OpenSeadragon, { levels, tile, address, isThere }) {
  const last = levels.length - 1;
  const [whole] = levels;
  const source = new OpenSeadragon.TileSource({
    width: whole.width,
    height: whole.height,
    tileSize: tile,
    minLevel: 0,
    maxLevel: last,
    getTileUrl: (level, column, row) => address(last - level, column, row),
  });
  source.getNumTiles = (level) => {
    const told = levels[last - level];
    return new OpenSeadragon.Point(told?.across ?? 0, told?.down ?? 0);
  };
  source.getLevelScale = (level) => 1 / 2 ** (last - level);
  // each level is rounded up, so that its last tiles reach a little beyond the edge of the whole
  source.getTileBounds = (level, column, row, isSource) => {
    const told = levels[last - level];
    const width = Math.min(tile, told.width - column * tile);
    const height = Math.min(tile, told.height - row * tile);
    if (isSource) return new OpenSeadragon.Rect(0, 0, width, height);
    const unit = 2 ** (last - level) / whole.width;
    return new OpenSeadragon.Rect(column * tile * unit, row * tile * unit, width * unit, height * unit);
  };
  const inside = source.tileExists;
  source.tileExists = (level, column, row) =>
    inside.call(source, level, column, row) && isThere(last - level, column, row);
  source.hasTransparency = () => true;
  source.downloadTileStart = (context) => download(context, levels, last, tile);
  source.downloadTileAbort = (context) => context.userData.abort?.abort();
  return source;
}

async function download(context, levels, last, tile) {
  const { level, x, y } = context.tile;
  const abort = new AbortController();
  context.userData.abort = abort;
  try {
    const response = await tileOf(context.src, abort.signal);
    if (!response.ok || response.status === 204) return context.fail(String(response.status), null);
    const told = levels[last - level];
    const width = Math.min(tile, told.width - x * tile);
    const height = Math.min(tile, told.height - y * tile);
    // what a file's own tile holds beyond the edge is padding
    const bitmap = await createImageBitmap(await response.blob(), 0, 0, width, height, { colorSpaceConversion: "none" });
    context.finish(bitmap, null, "imageBitmap");
  } catch (error) {
    context.fail(String(error), null);
  }
}

/** A tile, waited for as long as its image is still read to be shown small: by another process, or once more by a new one. */
async function tileOf(address, signal) {
  for (;;) {
    const response = await askPatiently(address, { signal });
    if (response.status !== 503 || (await response.clone().json()).code !== BEING_READ) return response;
  }
}

/** Ask again for tiles that were not there yet. */
export function againForMissing(viewer) {
  const item = viewer.world.getItemAt(0);
  if (!item) return;
  for (const rows of Object.values(item.tilesMatrix)) {
    for (const column of Object.values(rows)) {
      for (const tile of Object.values(column)) {
        if (!tile.exists && !tile.loading) tile.exists = item.source.tileExists(tile.level, tile.x, tile.y);
      }
    }
  }
  item.setClip(item.getClip());
  viewer.forceRedraw();
}

/** The input or result of a job as the preview tells it; null where there is none to be zoomed, with the `problem`; `isBusy`: for now. */
export async function imageOf(job, side) {
  const address = `/api/jobs/${encodeURIComponent(job.id)}/images/${side}`;
  const response = await inTurn(() => ask(address, { headers: { Accept: "application/json" } }));
  const told = await response.json();
  if (!response.ok || !told.levels?.length) {
    const problem = told.problem ?? told;
    return { view: null, problem, isBusy: response.status >= 500 || problem.code === BEING_READ };
  }
  const version = encodeURIComponent(told.version);
  const shown = (range) => `&black=${range.black}&white=${range.white}`;
  return {
    view: {
      ...told,
      place: address,
      sample: (pixel, signal) => previewed(address, told.version, pixel, signal),
      addressWith: (range) => (level, column, row) =>
        `${address}/tiles/${level}/${column}/${row}?version=${version}${range ? shown(range) : ""}`,
    },
    problem: null,
  };
}

// --- while it is being made ----------------------------------------------------------------------------------------

/** What the master tells of a large result, made or in the making; null where nothing is to be seen. Throws where it cannot tell. */
export async function pictureOf(job) {
  const address = `/api/jobs/${encodeURIComponent(job.id)}/picture?absent=empty`;
  const response = await ask(address, { headers: { Accept: "application/json" }, cache: "no-cache" });
  if (mayPass(response.status)) throw new Error(response.statusText);
  return response.status === 200 ? response.json() : null;
}

/** The result as it can be zoomed by its own tiles; `told` is what `pictureOf` found. */
export function resultOf(job, told) {
  if (!told?.media_type) return null;
  const address = `/api/jobs/${encodeURIComponent(job.id)}/tiles`;
  const levels = told.levels.slice(0, countShown(told.levels));
  const made = madeOf(told);
  const placed = ({ x, y }) => [0, Math.floor(x / told.tile), Math.floor(y / told.tile)];
  const addressOf = (level, column, row) => `${address}/${level}/${column}/${row}?epoch=${told.epoch}&absent=empty`;
  return {
    side: "result",
    made,
    isMade: (pixel) => made(...placed(pixel)),
    sample: (pixel, signal) => shownBy(addressOf(...placed(pixel)), told.tile, pixel, signal),
    // of what a tile shows
    black: 0,
    white: 255,
    width: levels[0].width,
    height: levels[0].height,
    tile: told.tile,
    levels,
    version: `${told.epoch}/${levels.length}`,
    place: null,
    addressWith: () => addressOf,
  };
}

// while nothing is made of the small levels, the smallest that is being made is shown in their place, if a screen can hold it
function countShown(levels) {
  const first = levels.findIndex((level, index) => index > 0 && !level.made && levels[index - 1].made > 0);
  if (first < 0) return levels.length;
  const { across, down } = levels[first - 1];
  return across * down <= MOST_COARSE ? first : levels.length;
}

/** Whether a tile may be there, by the bits that `picture` tells: one for each tile of a level, for all that lies under it. */
function madeOf({ made, levels }) {
  if (!made) return (level) => levels[level].made > 0;
  const bytes = Uint8Array.from(atob(made.bits), (each) => each.charCodeAt(0));
  const { across } = levels[made.level];
  return (level, column, row) => {
    if (level > made.level) return levels[level].made > 0;
    const index = (row >> (made.level - level)) * across + (column >> (made.level - level));
    return Boolean(bytes[index >> 3] & (128 >> (index & 7)));
  };
}
