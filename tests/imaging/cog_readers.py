"""What other readers see of all levels of a tiled TIFF: red first, alpha last."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pyvips
import rasterio
import tifffile
from rasterio.io import MemoryFile
from rio_cogeo.cogeo import cog_validate

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image


def red_first(array: Image) -> Image:
    if array.ndim == 2 or array.shape[2] == 2:
        return array
    return array[:, :, (2, 1, 0, 3)[: array.shape[2]]]


def seen_by_tifffile(data: bytes) -> list[Image]:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert [bool(page.subfiletype & 1) for page in file.pages] == [False] + [True] * (len(file.pages) - 1)
        return [page.asarray() for page in file.pages]


def seen_by_gdal(data: bytes) -> list[Image]:
    with MemoryFile(data) as file:
        with rasterio.open(file.name) as main:
            levels = [main.read(), *[None] * len(main.overviews(1))]
        for index in range(len(levels) - 1):
            with rasterio.open(file.name, OVERVIEW_LEVEL=index) as overview:
                levels[index + 1] = overview.read()
    return [
        np.moveaxis(bands, 0, 2).squeeze(2) if len(bands) == 1 else np.moveaxis(bands, 0, 2)
        for bands in levels
    ]


def seen_by_vips(data: bytes) -> list[Image]:
    count = pyvips.Image.new_from_buffer(data, "").get("n-pages")
    return [pyvips.Image.new_from_buffer(data, "", page=page).numpy() for page in range(count)]


def seen_by_opencv(data: bytes) -> list[Image]:
    done, pages = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert done
    return list(pages)


def valid(data: bytes) -> bool:
    with MemoryFile(data) as file:
        found, errors, warnings = cog_validate(file.name, strict=True, quiet=True)
    assert found == (not errors and not warnings)
    return bool(found)


def same(seen: list[Image], expected: list[Image]) -> bool:
    return len(seen) == len(expected) and all(map(np.array_equal, seen, expected))
