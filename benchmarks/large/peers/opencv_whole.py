"""A script with OpenCV: the whole image read by tifffile, filtered, written in tiles. SRC DST WORK CODING CORES."""

from __future__ import annotations

import json
import sys
import time

import cv2
import numpy as np
import tifffile

JPEG = {
    "compression": "jpeg",
    "compressionargs": {"level": 95},
    "photometric": "ycbcr",
}
SUBSAMPLING = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}
DEFLATE = {"compression": "adobe_deflate", "compressionargs": {"level": 6}, "predictor": 2}


def filtered(image, work):
    """As a user would write it; the order of the channels makes no difference to any of them."""
    if work == "canny":
        return cv2.Canny(image, 100, 200)
    if work in ("invert", "chain"):
        image = cv2.bitwise_not(image)
    if work in ("blur", "chain"):
        image = cv2.GaussianBlur(image, (9, 9), 0)
    if work in ("erode", "chain"):
        image = cv2.erode(image, np.ones((5, 5), np.uint8))
    return image


def main(source, target, work, coding, cores):
    """Process one file."""
    began = time.perf_counter()
    cv2.setNumThreads(cores)
    result = filtered(tifffile.imread(source, maxworkers=cores), work)
    how = {**DEFLATE, "photometric": "rgb" if result.ndim == 3 else "minisblack"}
    if coding.startswith("jpeg"):
        how = {**JPEG, "subsampling": SUBSAMPLING[coding.split()[1]]}
    tifffile.imwrite(target, result, tile=(512, 512), bigtiff=True, metadata=None, maxworkers=cores, **how)
    json.dump({"seconds": time.perf_counter() - began}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]))
