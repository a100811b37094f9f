"""TIFFs cut and changed at random: an end in bounded time, with the announced pixels or with what is wrong.

In processes of their own: a decoder that crashed would end only those.
"""

from __future__ import annotations

import io
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.imaging.samples import scene
from tests.imaging.tiffs import everything, written
from tilework.errors import TileworkError
from tilework.imaging.limits import MIB, Limits

VARIANTS = 120


def fax() -> bytes:
    file = io.BytesIO()
    Pillow.fromarray((scene(67, 48, 1) > 127).astype(np.uint8) * 255).convert("1").save(
        file, "TIFF", compression="group4"
    )
    return file.getvalue()


def seeds() -> list[bytes]:
    array, grey = scene(67, 48), scene(67, 48, 1)
    colour = [
        {"compression": "lzw", "predictor": 2},
        {"compression": "adobe_deflate", "tile": (32, 32)},
        {"compression": "jpeg", "tile": (32, 32)},
        {"compression": "jpeg", "photometric": "ycbcr", "rowsperstrip": 16},
        {"compression": "webp"},
        {"compression": "jpeg2000", "tile": (32, 32)},
        {"compression": "packbits", "byteorder": ">", "bigtiff": True},
        {"compression": "zstd"},
        {"iccprofile": b"profile" * 30, "extratags": [(42113, 2, 0, "0", True), (700, 1, 4, b"<x/>", True)]},
    ]
    files = [written(array, **{"photometric": "rgb", **options}) for options in colour]
    return [*files, written(grey.astype(np.float32), compression="zlib", predictor=3), written(grey), fax()]


def verdict(data: bytes) -> str:
    try:
        everything(data, limits=Limits(working_set=64 * MIB, pixels=1 << 24))
    except TileworkError as error:
        return error.code
    except MemoryError:
        return "memory"
    return "read"


def damaged(data: bytes, generator: np.random.Generator) -> bytes:
    """Cut it, or change some bytes, of the tags more often than of the pixels."""
    if generator.random() < 0.2:
        return data[: int(generator.integers(len(data)))]
    changed = bytearray(data)
    for _ in range(int(generator.integers(1, 6))):
        place = int(generator.integers(min(400, len(data)) if generator.random() < 0.7 else len(data)))
        changed[place] = int(generator.integers(256)) if generator.random() < 0.5 else changed[place] ^ 1
    return bytes(changed)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_cut_or_changed_ends_with_pixels_or_a_verdict(seed: int) -> None:
    generator = np.random.default_rng(seed)
    variants = [damaged(data, generator) for data in seeds() for _ in range(VARIANTS)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        found = Counter(executor.map(verdict, variants, chunksize=100, timeout=120))
    assert found["memory"] == 0
    assert found["read"] > len(variants) // 20
    assert found["damaged"] > len(variants) // 5
