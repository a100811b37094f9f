"""dask-image on chunks of the whole array, in threads. SRC DST WORK CODING CORES. It has no canny."""

from __future__ import annotations

import json
import sys
import time

import dask
import dask.array as da
import tifffile
from dask_image import ndfilters

JPEG = {
    "compression": "jpeg",
    "compressionargs": {"level": 95},
    "photometric": "ycbcr",
}
SUBSAMPLING = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}
DEFLATE = {
    "compression": "adobe_deflate",
    "compressionargs": {"level": 6},
    "predictor": 2,
    "photometric": "rgb",
}
SIGMA = 1.7
"""OpenCV's for a kernel of nine, which reaches four pixels."""


def filtered(image, work):
    """What OpenCV's operations are called here; no filter reaches across the colours."""
    if work in ("invert", "chain"):
        image = 255 - image
    if work in ("blur", "chain"):
        image = ndfilters.gaussian_filter(image, (SIGMA, SIGMA, 0), mode="mirror", truncate=4 / SIGMA)
    if work in ("erode", "chain"):
        image = ndfilters.minimum_filter(image, (5, 5, 1))
    return image


def main(source, target, work, coding, cores):
    """Process one file."""
    began = time.perf_counter()
    image = da.from_array(tifffile.imread(source, maxworkers=cores), chunks=(2048, 2048, 3))
    with dask.config.set(scheduler="threads", num_workers=cores):
        result = filtered(image, work).compute()
    how = {**JPEG, "subsampling": SUBSAMPLING[coding.split()[1]]} if coding.startswith("jpeg") else DEFLATE
    tifffile.imwrite(target, result, tile=(512, 512), bigtiff=True, metadata=None, maxworkers=cores, **how)
    json.dump({"seconds": time.perf_counter() - began}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]))
