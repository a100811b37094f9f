"""The images: mosaics of photographs that scikit-image ships, no two tiles alike, with a sensor's noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import tifffile
from skimage import data

from benchmarks.large.works import SCRATCH, TILE, Input
from benchmarks.photos import photographs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOISE = 3.0
"""Standard deviation of the noise, in grey levels."""

CODINGS: dict[str, dict[str, Any]] = {
    "jpeg": {
        "photometric": "ycbcr", "compression": "jpeg", "compressionargs": {"level": 90}, "subsampling": (2, 2),
    },
    "deflate": {
        "photometric": "rgb", "compression": "adobe_deflate", "compressionargs": {"level": 6}, "predictor": 2,
    },
}  # fmt: skip


def make(wanted: Input) -> Path:
    """The path of an input, which is made unless it is there."""
    return _written(wanted, _tiles(wanted.side))


def make_repeated(wanted: Input) -> Path:
    """The same from a single row of tiles over and over, packed once: quick to make, however large."""
    row = make(Input(wanted.kind, wanted.side // 8))
    with tifffile.TiffFile(row) as file:
        page = file.pages.first
        across = page.imagewidth // TILE
        packed = []
        for offset, length in zip(page.dataoffsets[:across], page.databytecounts[:across], strict=True):
            file.filehandle.seek(offset)
            packed.append(file.filehandle.read(length))
    count = (wanted.side // TILE) ** 2
    tiles = (packed[index * 7 % len(packed)] for index in range(count))
    return _written(wanted, tiles)


def photos(count: int, columns: int, rows: int) -> Path:
    """A folder of so many JPEGs."""
    folder = SCRATCH / f"photos-{columns}x{rows}-{count}"
    if not folder.exists():
        partial = folder.with_suffix(".part")
        partial.mkdir(parents=True, exist_ok=True)
        bodies = photographs(columns, rows)
        for index in range(count):
            (partial / f"{index:03}.jpg").write_bytes(bodies[index % len(bodies)])
        partial.rename(folder)
    return folder


def _written(wanted: Input, tiles: Iterator[Any]) -> Path:
    path = wanted.path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        tifffile.imwrite(
            partial, tiles, shape=(wanted.side, wanted.side, 3), dtype=np.uint8, tile=(TILE, TILE), bigtiff=True,
            metadata=None, **CODINGS[wanted.kind],
        )  # fmt: skip
        partial.rename(path)
    return path


def _tiles(side: int) -> Iterator[np.ndarray]:
    """(TILE, TILE, 3) uint8, red first: cuttings of the photographs, enlarged one to three times."""
    photographs = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    generator = np.random.default_rng(1)
    for _ in range((side // TILE) ** 2):
        photograph = photographs[generator.integers(len(photographs))]
        cut = int(generator.integers(170, min(photograph.shape[:2])))
        top, left = (int(generator.integers(length - cut + 1)) for length in photograph.shape[:2])
        tile = cv2.resize(
            photograph[top : top + cut, left : left + cut], (TILE, TILE), interpolation=cv2.INTER_CUBIC
        )
        noise = generator.standard_normal((TILE, TILE, 3), np.float32) * NOISE
        yield np.clip(tile + noise, 0, 255).astype(np.uint8)
