"""The index of a TIFF's tiles: however many there are, the header stays small, and a window reads its own part of it."""

from __future__ import annotations

import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest

from tests.imaging.samples import CountingSource, noise
from tests.imaging.tiffs import LONG, LONG8, SHORT, built
from tilework.errors import DamagedImageError, TooLargeError
from tilework.imaging.formats import Header, probe, tiff
from tilework.imaging.formats.tiff_index import INLINE, IndexReader
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Window

HUGE = Limits(pixels=1 << 50, side=1 << 31)
TILE = noise(16, 16, 1)


def tiled(across: int, down: int, offsets: Any, counts: Any, **options: Any) -> bytes:
    """Grey tiles of 16 x 16, whose bytes may be anywhere in the body."""
    kinds = options.pop("kinds", (LONG, LONG))
    tags = {
        256: (LONG, 16 * across),
        257: (LONG, 16 * down),
        258: (SHORT, 8),
        259: (SHORT, options.pop("compression", 1)),
        262: (SHORT, 1),
        277: (SHORT, 1),
        322: (SHORT, 16),
        323: (SHORT, 16),
        324: (kinds[0], _packed(offsets, kinds[0], options.get("order", "<"))),
        325: (kinds[1], _packed(counts, kinds[1], options.get("order", "<"))),
    }
    return built(tags, **options)


def _packed(numbers: Any, kind: int, order: str) -> bytes:
    return np.asarray(numbers).astype(f"{order}u{ {SHORT: 2, LONG: 4, LONG8: 8}[kind] }").tobytes()


def header_of(data: bytes, limits: Limits = HUGE) -> Header:
    return probe(BytesSource(data), limits)


def index_of(header: Header) -> Any:
    return header.detail.segments.index  # type: ignore[attr-defined]


def test_the_header_of_400_000_tiles_is_small_to_send_and_to_read() -> None:
    count = 640 * 640
    data = tiled(640, 640, [16] * count, [256] * count, kinds=(LONG8, LONG), big=True, body=TILE.tobytes())
    source = CountingSource(data)
    tracemalloc.start()
    header = probe(source, HUGE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
    assert len(source.reads) < 20
    assert len(pickle.dumps(header)) < 2_000
    assert (index_of(header).total, index_of(header).stored) == (count, 256 * count)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kinds", "big"), [((LONG, SHORT), False), ((LONG8, LONG), True), ((LONG8, LONG8), True)]
)
def test_a_large_index_is_read_by_pages_in_every_type_and_order(
    kinds: tuple[int, int], big: bool, order: str
) -> None:
    across, down = 150, 100
    body = noise(16, 16 * 5, 1).tobytes()
    which = np.random.default_rng(0).integers(0, 5, across * down)
    data = tiled(
        across, down, 16 + 256 * which, [256] * len(which), kinds=kinds, big=big, order=order, body=body
    )
    source = CountingSource(data)
    header = header_of(data)
    reader = tiff.open_reader(source, header)
    for row in (99, 3, 50):
        found = reader.read(Window(0, 16 * row, 16 * across, 16 * row + 16)).colour
        stored = np.frombuffer(body, np.uint8).reshape(5, 16, 16)[which[row * across : (row + 1) * across]]
        assert np.array_equal(found, stored.transpose(1, 0, 2).reshape(16, -1))
    tables = [read for read in source.reads if read[0] >= 16 + len(body)]
    assert len(tables) == 4
    assert max(stop - start for start, stop in tables) <= 1 << 16


def test_large_and_small_indexes_are_checked_alike() -> None:
    for across in (8, 80):
        count = across * across
        offsets, counts = np.full(count, 16), np.full(count, 256)
        offsets[count - 3] = 1 << 20
        with pytest.raises(
            DamagedImageError, match=f"tile {count - 3:,} of {count:,} lies at bytes 1,048,576 to"
        ):
            header_of(tiled(across, across, offsets, counts, body=TILE.tobytes()))
        offsets[count - 3] = 3
        with pytest.raises(DamagedImageError, match="lies at bytes 3 to 259"):
            header_of(tiled(across, across, offsets, counts, body=TILE.tobytes()))
        offsets[count - 3], counts[count - 3] = 16, 0
        with pytest.raises(DamagedImageError, match=f"segment {count - 3:,} at byte 16 has no bytes"):
            header_of(tiled(across, across, offsets, counts, body=TILE.tobytes(), compression=8))
        offsets[count - 3] = 0
        counts[:9] = 300
        header = header_of(tiled(across, across, offsets, counts, body=TILE.tobytes() + bytes(99)))
        index = index_of(header)
        assert (index.missing, index.longest, index.stored) == (1, 256, 256 * (count - 1))
        assert any(f"1 of its {count:,} tiles are not in the file" in note for note in header.notes)
        assert (index.inline is None) == (count > INLINE)


def test_offsets_near_the_end_of_all_numbers_are_outside_the_file() -> None:
    for across in (8, 80):
        offsets = np.full(across * across, 16, np.uint64)
        offsets[5] = 2**64 - 100
        with pytest.raises(DamagedImageError, match="tile 5 of"):
            header_of(
                tiled(
                    across,
                    across,
                    offsets,
                    [256] * len(offsets),
                    kinds=(LONG8, LONG8),
                    big=True,
                    body=bytes(512),
                )
            )


def test_the_last_strip_of_each_plane_of_a_large_index_is_cut_to_its_rows() -> None:
    strips = 5_000
    tags = {
        256: (LONG, 4),
        257: (LONG, 2 * strips - 1),
        258: (SHORT, (8, 8, 8)),
        262: (SHORT, 2),
        277: (SHORT, 3),
        278: (LONG, 2),
        284: (SHORT, 2),
        273: (LONG, [16] * 3 * strips),
        279: (SHORT, [100] * 3 * strips),
    }
    data = built(tags, body=bytes(100))
    header = header_of(data)
    entries = IndexReader(BytesSource(data), index_of(header))
    lasts = {strips * plane - 1 for plane in (1, 2, 3)}
    assert all(entries[index] == (16, 4 if index in lasts else 8) for index in range(3 * strips))
    assert index_of(header).stored == 3 * (8 * strips - 4)


def test_few_pages_are_kept_and_a_page_that_is_needed_again_is_read_again() -> None:
    across = 400
    data = tiled(across, across, [16] * across**2, [256] * across**2, body=TILE.tobytes())
    entries = IndexReader(BytesSource(data), index_of(header_of(data)))
    for number in (*range(0, across**2, 8_192), 0):
        assert entries[number] == (16, 256)
    assert len(entries.pages) == 8


def test_a_claim_of_a_billion_tiles_is_refused_before_the_table_is_read() -> None:
    data = built(
        {256: (LONG, 1 << 19), 257: (LONG, 1 << 19), 258: (SHORT, 8), 259: (SHORT, 8), 262: (SHORT, 1)}
        | {322: (SHORT, 16), 323: (SHORT, 16), 324: (LONG, 16), 325: (LONG, 256)},
        body=TILE.tobytes(),
    )
    source = CountingSource(data)
    with pytest.raises(TooLargeError, match="1,073,741,824 strips or tiles"):
        probe(source, HUGE)
    assert len(source.reads) == 1


def test_a_large_index_that_is_cut_off_is_damaged_before_it_is_read() -> None:
    data = tiled(80, 80, [16] * 6_400, [256] * 6_400, body=TILE.tobytes())
    with pytest.raises(DamagedImageError, match=r"tag 325 lies at bytes .* outside the file"):
        header_of(data[:-400])


def test_an_index_that_is_gone_when_it_is_needed_is_damage() -> None:
    data = tiled(80, 80, [16] * 6_400, [256] * 6_400, body=TILE.tobytes())
    reader = tiff.open_reader(BytesSource(data[:10_000]), header_of(data))
    with pytest.raises(DamagedImageError, match="while it was read"):
        reader.read(Window(0, 0, 16, 16))
