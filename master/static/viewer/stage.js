// The canvas: input and result, one above the other or side by side, moved as one.

import { mayPass } from "../problems.js";
import { againForMissing, tileSource } from "./sources.js";

const SIDES = ["input", "result"];
// screen pixels of an image's pixel from which it is drawn as the square that it is
const SQUARE = 2;
const EPSILON = 1e-9;

// milliseconds after which tiles that did not come are asked for again; they double as long as some do not come
const SOONEST_MS = 2000;
const LATEST_MS = 60000;

const still = matchMedia("(prefers-reduced-motion: reduce)");

const OPTIONS = {
  drawer: "canvas",
  showNavigationControl: false,
  showNavigator: false,
  visibilityRatio: 0.4,
  minZoomImageRatio: 0.7,
  maxZoomPixelRatio: 48,
  zoomPerScroll: 1.35,
  springStiffness: 9,
  blendTime: 0,
  imageLoaderLimit: 6,
  // a preview that is busy says so after ten seconds, and is asked again; one that reads an image may take minutes
  timeout: 600000,
  maxTilesPerFrame: 6,
  maxImageCacheCount: 300,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  gestureSettingsPen: { clickToZoom: false, dblClickToZoom: true },
  keyboardNavEnabled: true,
};

/** The viewers of both sides in `panes` ({ input, result }: elements). `moved()` is called when what is seen changes. */
export class Stage {
  constructor(OpenSeadragon, panes, { navigator, label, moved }) {
    this.seadragon = OpenSeadragon;
    this.views = {};
    this.ranges = {};
    this.moved = moved;
    this.placed = {};
    this.settled = new Set();
    this.pause = SOONEST_MS;
    this.mending = false;
    this.viewers = Object.fromEntries(
      SIDES.map((side) => {
        const viewer = OpenSeadragon({
          ...OPTIONS,
          element: panes[side],
          animationTime: still.matches ? 0 : 0.5,
          ...(navigator[side] ? { showNavigator: true, navigatorElement: navigator[side] } : {}),
        });
        viewer.canvas.setAttribute("role", "application");
        viewer.canvas.setAttribute("aria-label", label(side));
        viewer.navigator?.addHandler("tile-drawing", smoothed);
        viewer.addHandler("canvas-key", keyed);
        viewer.addHandler("viewport-change", () => this.lead(side));
        viewer.addHandler("open", () => this.opened(side));
        for (const each of [viewer, viewer.navigator].filter(Boolean)) {
          each.addHandler("tile-load-failed", ({ message }) => this.failed(message));
          each.addHandler("tile-loaded", () => (this.pause = SOONEST_MS));
        }
        return [side, viewer];
      }),
    );
  }

  /** The viewer that is moved first: the other follows. */
  get first() {
    return this.viewers[this.views.input ? "input" : "result"];
  }

  /** Show an image of a side, or none; what is seen stays where it is. */
  show(side, view, range = null) {
    const same = this.views[side]?.version === view?.version && this.views[side]?.place === view?.place;
    const shown = `${range?.black}/${range?.white}`;
    this.views[side] = view;
    if (same && view && this.ranges[side] === shown) return;
    this.ranges[side] = shown;
    if (!view) {
      this.viewers[side].close();
      return;
    }
    const { levels, tile } = view;
    const source = tileSource(this.seadragon, {
      levels,
      tile,
      address: view.addressWith(range),
      // what is there of it changes while it is made
      isThere: (...place) => this.views[side]?.made?.(...place) ?? true,
    });
    const viewer = this.viewers[side];
    if (viewer.isOpen()) {
      // what was there stays until what replaces it has been drawn
      viewer.addTiledImage({ tileSource: source, index: 0, replace: true, success: () => this.opened(side) });
    } else {
      viewer.open(source);
    }
  }

  opened(side) {
    const other = SIDES.find((each) => each !== side);
    const fresh = !this.settled.has(side);
    this.settled.add(side);
    if (this.views[other] && this.viewers[other].isOpen()) {
      const atHome = this.isAtHome(other);
      this.follow(other, side);
      // nobody has looked closer yet, so that all of both is shown
      if (fresh && atHome) afterResize(() => this.home(true));
    }
    this.frame(side);
    this.draw(side);
    this.moved();
  }

  /** Where the whole will be while parts of it are still to be made. */
  frame(side) {
    const viewer = this.viewers[side];
    const element = document.createElement("div");
    element.className = "image-frame";
    viewer.clearOverlays();
    viewer.addOverlay({ element, location: viewer.world.getItemAt(0).getBounds(true) });
  }

  /** Tiles that were not there may be there now. */
  again(side) {
    const viewer = this.viewers[side];
    if (!viewer.isOpen()) return;
    againForMissing(viewer);
    // the small map is a viewer of its own
    if (viewer.navigator) againForMissing(viewer.navigator);
  }

  /** A tile did not come, for the status or fault that is told: without a line it leaves a hole, until it is asked for again. */
  failed(message) {
    const status = Number(message);
    if (this.mending || (status && !mayPass(status))) return;
    this.mending = true;
    const mend = () => {
      clearTimeout(timer);
      window.removeEventListener("online", mend);
      this.mending = false;
      for (const side of SIDES) this.again(side);
    };
    const timer = setTimeout(mend, this.pause);
    window.addEventListener("online", mend);
    this.pause = Math.min(LATEST_MS, 2 * this.pause);
  }

  /** Draw a side at all, and how much of it is seen through. */
  opacity(side, amount) {
    const viewer = this.viewers[side];
    viewer.world.getItemAt(0)?.setOpacity(amount);
    // the small map goes by the image, and shows it whatever is compared
    viewer.navigator?.world.getItemAt(0)?.setOpacity(1);
  }

  lead(side) {
    const other = SIDES.find((each) => each !== side);
    if (!this.isPlaced(side) && this.views[other] && this.viewers[other].isOpen()) this.follow(side, other);
    this.draw(side);
    this.moved();
  }

  /** Whether a side is just where it was put, and so leads nobody. */
  isPlaced(side) {
    const { viewport } = this.viewers[side];
    const at = this.placed[side];
    const center = viewport.getCenter(true);
    return (
      Boolean(at) &&
      Math.abs(at.x - center.x) < EPSILON &&
      Math.abs(at.y - center.y) < EPSILON &&
      Math.abs(at.zoom / viewport.getZoom(true) - 1) < EPSILON
    );
  }

  follow(leader, follower) {
    const from = this.viewers[leader].viewport;
    const to = this.viewers[follower].viewport;
    const center = from.getCenter(true);
    const tall = this.shape(follower) / this.shape(leader);
    const point = new this.seadragon.Point(center.x, center.y * tall);
    const zoom = from.getZoom(true);
    to.zoomTo(zoom, null, true);
    to.panTo(point, true);
    this.placed[follower] = { x: point.x, y: point.y, zoom };
    delete this.placed[leader];
  }

  shape(side) {
    return this.views[side].height / this.views[side].width;
  }

  draw(side) {
    const viewer = this.viewers[side];
    if (!viewer.isOpen() || !viewer.world.getItemCount()) return;
    const squares = this.scale(side) >= SQUARE;
    if (viewer.squares === squares) return;
    viewer.squares = squares;
    viewer.drawer.setImageSmoothingEnabled(!squares);
  }

  /** Screen pixels of one of a side's pixels. */
  scale(side) {
    const viewer = this.viewers[side];
    const item = viewer.world.getItemAt(0);
    return item ? item.viewportToImageZoom(viewer.viewport.getZoom(true)) : 0;
  }

  /** The pixel of a side under a point of its viewer's element, or null beyond the image. */
  pixelAt(side, point) {
    const viewer = this.viewers[side];
    const item = viewer.world.getItemAt(0);
    if (!item) return null;
    const at = item.viewerElementToImageCoordinates(new this.seadragon.Point(point.x, point.y));
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const { width, height } = this.views[side];
    return x >= 0 && y >= 0 && x < width && y < height ? { x, y } : null;
  }

  /** Bring a pixel into the middle, large enough to be seen. */
  goTo(side, { x, y }, least = 8) {
    const viewer = this.viewers[side];
    const item = viewer.world.getItemAt(0);
    if (!item) return;
    viewer.viewport.panTo(item.imageToViewportCoordinates(x + 0.5, y + 0.5), true);
    if (this.scale(side) < least) viewer.viewport.zoomTo(item.imageToViewportZoom(least), null, true);
  }

  /** Show all of both; at once where nobody needs to see how. */
  home(immediately = false) {
    const { viewport } = this.first;
    const zoom = Math.min(...this.open.map((each) => each.viewport.getHomeZoom()));
    viewport.panTo(viewport.getHomeBounds().getCenter(), immediately);
    viewport.zoomTo(zoom, null, immediately);
  }

  get open() {
    return Object.values(this.viewers).filter((each) => each.isOpen());
  }

  /** Whether all is seen, as it was when it was opened. */
  get isHome() {
    return SIDES.some((side) => this.viewers[side].isOpen() && this.isAtHome(side));
  }

  isAtHome(side) {
    const { viewport } = this.viewers[side];
    const zooms = this.open.map((each) => each.viewport.getHomeZoom());
    return [...zooms, viewport.getHomeZoom()].some((zoom) => Math.abs(viewport.getZoom() / zoom - 1) < 0.01);
  }

  zoomBy(factor) {
    this.first.viewport.zoomBy(factor);
    this.first.viewport.applyConstraints();
  }

  /** One screen pixel for each of the image's. */
  actualSize() {
    const { viewport, world } = this.first;
    viewport.zoomTo(world.getItemAt(0).imageToViewportZoom(1));
  }
}

/** The library notices with the next frame that an element has another size. */
export function afterResize(act) {
  requestAnimationFrame(() => requestAnimationFrame(act));
}

// the smallest level is drawn much smaller there: each pixel is to be a mean of what it stands for, not one of them
function smoothed({ context }) {
  context.imageSmoothingQuality = "medium";
}

// the library turns and mirrors by keys; here a pixel stays where its coordinates say
function keyed(event) {
  const { key } = event.originalEvent;
  if (/^[rf1-9]$/i.test(key)) event.preventDefaultAction = true;
}
