"""JPEG 2000 files as Pillow writes them, and the same with other boxes."""

from __future__ import annotations

import io
import struct
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from tests.imaging.samples import scene
from tilework.errors import TileworkError
from tilework.imaging.formats import Picture, decode, probe, read_metadata
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jp2_boxes import boxed, boxes
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image as Array

LIMITS = Limits()
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RGB, GREY = scene(90, 70), scene(90, 70, 1)
ALPHA = np.dstack((RGB, scene(90, 70, 1, seed=5)))
BLUR = parse("blur(9)")
PLAIN = {"irreversible": False}


def pillow(array: Array, **options: Any) -> bytes:
    """A JP2 of (height, width[, 2 to 4]), blue first and alpha last."""
    if array.ndim == 3 and array.shape[2] > 2:
        array = array[:, :, [2, 1, 0, *range(3, array.shape[2])]]
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(buffer, "JPEG2000", **{**PLAIN, **options})
    return buffer.getvalue()


def codestream(array: Array, **options: Any) -> bytes:
    """A bare codestream of (height, width[, 3 or 4]) with GDAL's options for writing one; rasterio takes no BLOCKXSIZE without TILED."""
    planes = np.atleast_3d(array).transpose(2, 0, 1)
    with warnings.catch_warnings(), MemoryFile(ext=".j2k") as file:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with file.open(
            driver="JP2OpenJPEG", count=planes.shape[0], height=planes.shape[1], width=planes.shape[2],
            dtype=planes.dtype.name, CODEC="J2K", YCBCR420="NO", TILED="YES", **options,
        ) as image:  # fmt: skip
            image.write(planes)
        return bytes(file.read())


def read(data: bytes) -> Picture:
    header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
    return decode(data, header).picture


def code_of(data: bytes) -> tuple[str, str]:
    with pytest.raises(TileworkError) as caught:
        process(BytesSource(data), BLUR, LIMITS)
    return caught.value.code, caught.value.reason


def parts(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(box.type, data[box.start : box.stop]) for box in boxes(WholeFile(data), 12, len(data))]


def file_of(*found: tuple[bytes, bytes]) -> bytes:
    return b"\0\0\0\x0cjP  \r\n\x87\n" + b"".join(boxed(*part) for part in found)


def changed(data: bytes, name: bytes, payload: bytes | None) -> bytes:
    """A JP2 with a box of its header replaced, added before the others, or (None) taken out."""
    result = []
    for kind, whole in parts(data):
        inner = whole
        if kind == b"jp2h":
            children = [
                (box.type, whole[box.start : box.stop]) for box in boxes(WholeFile(whole), 0, len(whole))
            ]
            kept = [child for child in children if child[0] != name]
            if payload is not None:
                kept.insert(1, (name, payload))
            inner = b"".join(boxed(*child) for child in kept)
        result.append((kind, inner))
    return file_of(*result)


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tiles": {"tile_size": (32, 32)},
    "tiles and offsets": {"tile_size": (32, 32), "offset": (5, 7), "tile_offset": (3, 2)},
    "layers": {"quality_mode": "rates", "quality_layers": [50, 20, 5, 1]},
    "precincts": {"precinct_size": (64, 64), "codeblock_size": (32, 32), "progression": "RPCL"},
    "one resolution": {"num_resolutions": 1, "progression": "CPRL"},
    "no colour transform": {"mct": 0},
    "bare, packet lengths": {"no_jp2": True, "plt": True},
}


def cdef(*rows: tuple[int, int, int]) -> bytes:
    return struct.pack(">H", len(rows)) + b"".join(struct.pack(">HHH", *row) for row in rows)


def colr(number: int) -> bytes:
    return struct.pack(">BBBI", 1, 0, 0, number)


def profile_for(space: bytes) -> bytes:
    return b"\2\0\0" + PROFILE[:16] + space + PROFILE[20:]
