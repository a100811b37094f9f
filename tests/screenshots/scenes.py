"""The images that are on the screenshots: photographs that scikit-image ships, cut differently, and marble of any size."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import tifffile
from PIL import Image

from local.picture import marble_rows
from local.samples import photographs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PHOTOGRAPHS = (
    "coffee.png",
    "astronaut.png",
    "chelsea.png",
    "rocket.jpg",
    "retina.jpg",
    "hubble_deep_field.jpg",
)
"""All in the public domain or CC0, as local/samples.py tells."""

TILE = 512
QUALITY = 88


def photograph(name: str) -> bytes:
    """The file as it is."""
    return (photographs() / name).read_bytes()


def series(count: int) -> Iterator[tuple[str, bytes]]:
    """So many photographs as a camera would number them: parts of those that are there, JPEG."""
    whole = [Image.open(photographs() / name).convert("RGB") for name in PHOTOGRAPHS]
    generator = np.random.default_rng(7)
    for number in range(count):
        picture = whole[number % len(whole)]
        share = generator.uniform(0.6, 1.0)
        width, height = int(picture.width * share), int(picture.height * share)
        left = int(generator.integers(0, picture.width - width + 1))
        top = int(generator.integers(0, picture.height - height + 1))
        part = picture.crop((left, top, left + width, top + height))
        body = io.BytesIO()
        part.save(body, "JPEG", quality=QUALITY)
        yield f"IMG_{4101 + number}.jpg", body.getvalue()


def cut_short(body: bytes) -> bytes:
    """A photograph as a card that was pulled out too early leaves it."""
    return body[: len(body) // 3]


def write_marble(path: Path, width: int, height: int) -> None:
    """A scan of marble in JPEG tiles, of any size, made a row of tiles at a time."""
    tifffile.imwrite(
        path, _tiles(width, height), shape=(height, width, 3), dtype=np.uint8, tile=(TILE, TILE),
        photometric="rgb", compression="jpeg", compressionargs={"level": QUALITY}, bigtiff=True, metadata=None,
    )  # fmt: skip


def _tiles(width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    for top in range(0, height, TILE):
        rows = marble_rows(top, min(top + TILE, height), width, height)
        for left in range(0, width, TILE):
            yield rows[:, left : left + TILE]
