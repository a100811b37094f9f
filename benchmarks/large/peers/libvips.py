"""libvips, by pyvips: streamed, tiled, with its pyramid. SRC DST WORK CODING CORES [grey] [quality-95].

Its quickest settings: sequential access, and an erosion by rows, then by columns. The mask of the blur is OpenCV's
GaussianBlur(9) in whole numbers. At quality 90 and above libvips writes JPEG tiles as full RGB: where the others
subsample the chroma it gets 89, at which it does so, too, or with ``quality-95`` what who asks for 95 gets. Its canny has
no hysteresis: the gradient's thin ridges above a threshold are all edges, of any of the three bands; with ``grey`` those
of the image made grey before, which is less work than OpenCV's, who looks for the steepest channel at each pixel.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ["VIPS_CONCURRENCY"] = sys.argv[5]
import pyvips

BLUR = pyvips.Image.new_from_array([[4, 13, 30, 51, 60, 51, 30, 13, 4]], scale=256)


def filtered(image, work, grey):
    """What OpenCV's operations are called here."""
    if work == "canny":
        if grey:
            return image.colourspace("b-w").canny(sigma=0.5, precision="integer") > 16
        return (image.canny(sigma=0.5, precision="integer") > 16).bandor()
    if work in ("invert", "chain"):
        image = image.invert()
    if work in ("blur", "chain"):
        image = image.convsep(BLUR, precision="integer")
    if work in ("erode", "chain"):
        image = image.rank(5, 1, 0).rank(1, 5, 0)
    return image


def main(source, target, work, coding, *ways):
    """Process one file."""
    began = time.perf_counter()
    image = pyvips.Image.new_from_file(source, access="sequential")
    how = {"compression": "jpeg", "Q": 95 if coding.endswith("4:4:4") or "quality-95" in ways else 89}
    if coding == "deflate":
        how = {"compression": "deflate", "level": 6, "predictor": "horizontal"}
    filtered(image, work, "grey" in ways).tiffsave(
        target, tile=True, tile_width=512, tile_height=512, pyramid=True, bigtiff=True, **how
    )
    json.dump({"seconds": time.perf_counter() - began}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:5], *sys.argv[6:])
