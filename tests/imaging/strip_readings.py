"""What the tests of strips share: whether strips are what the one decoder gives, and refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

from tilework.errors import ImageError
from tilework.imaging.formats import decode, probe, read_metadata
from tilework.imaging.formats.strips import read_strips
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.formats import Header, Picture

SIZES = [(1, 1), (1, 37), (41, 1), (17, 16), (61, 45), (97, 89)]
HEIGHTS = [1, 7, 16, 45, 1000]


def header_of(data: bytes) -> Header:
    return probe(BytesSource(data), Limits())


def same(found: list[Picture], wanted: Picture) -> bool:
    colour = np.concatenate([each.colour for each in found])
    alphas = [each.alpha for each in found if each.alpha is not None]
    if wanted.alpha is None:
        return not alphas and np.array_equal(colour, wanted.colour)
    return np.array_equal(colour, wanted.colour) and np.array_equal(np.concatenate(alphas), wanted.alpha)


def check(data: bytes, rows: int) -> None:
    """Strips are of the wanted heights, and joined they are what decode() gives; so are notes and metadata."""
    header = header_of(data)
    strips = read_strips(BytesSource(data), header, rows)
    found = list(strips)
    height = header.stored.height
    assert [each.size.height for each in found] == [min(rows, height - top) for top in range(0, height, rows)]
    wanted = decode(data, replace(header, orientation=1))
    assert same(found, wanted.picture)
    assert strips.found is not None
    assert strips.found.notes == wanted.notes
    assert strips.found.metadata == read_metadata(data, header)[1]


def verdict(data: bytes) -> str:
    """Why the whole file is refused, or nothing."""
    try:
        header, _ = read_metadata(data, header_of(data))
        decode(data, header)
    except ImageError as error:
        return f"{error.code}: {error.reason}"
    return ""


def verdict_of_strips(data: bytes, rows: int = 7) -> str:
    try:
        list(read_strips(BytesSource(data), header_of(data), rows))
    except ImageError as error:
        return f"{error.code}: {error.reason}"
    return ""


def webp(array: np.ndarray, *, lossless: bool) -> bytes:
    return bytes(imagecodecs.webp_encode(array, level=0 if lossless else 75, lossless=lossless))
