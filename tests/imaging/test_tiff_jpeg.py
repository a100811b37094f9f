"""JPEGs as strips and tiles of a TIFF: the pixels that the same JPEG has as a file, and the same strictness."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.imaging.samples import decoded, jpeg, scene, segment, with_segments
from tests.imaging.tiffs import SHORT, built, everything, grey, read, written
from tilework.errors import DamagedImageError

LARGE = jpeg(scene(256, 256, 1), cv2.IMWRITE_JPEG_OPTIMIZE, 1)


def strip(data: bytes, width: int = 256, height: int = 256) -> bytes:
    """A grey TIFF whose only strip is this JPEG."""
    return built(grey(width, height, 16, len(data), _259=(SHORT, 7)), body=data)


def test_a_strip_has_the_pixels_of_the_jpeg_as_a_file() -> None:
    assert np.array_equal(read(strip(LARGE)).colour, decoded(LARGE))


@pytest.mark.parametrize(
    "comment",
    [
        b"\xff\xda\0\x08" + bytes(20),
        b"\xff\xda",
        b"\xff\xda\0\0",
        b"\xff\xda\xff\xff" + bytes(9),
        b"long" * 5_000,
    ],
)
def test_bytes_of_a_comment_are_not_taken_for_the_marker_of_the_scan(comment: bytes) -> None:
    odd = with_segments(LARGE, segment(0xFE, comment))
    assert np.array_equal(read(strip(odd)).colour, decoded(LARGE))


def test_tiles_of_different_heads_in_one_file_are_each_read_by_their_own() -> None:
    tiles = [jpeg(scene(64, 64, 1, seed=seed), cv2.IMWRITE_JPEG_QUALITY, 40 + 20 * seed) for seed in range(3)]
    body = b"".join(tiles)
    offsets = [16, 16 + len(tiles[0]), 16 + len(tiles[0]) + len(tiles[1])]
    tags = grey(
        64, 192, 0, 0, _259=(SHORT, 7), _278=(SHORT, 64), _273=(4, offsets), _279=(4, [len(t) for t in tiles])
    )
    assert np.array_equal(read(built(tags, body=body)).colour, np.vstack([decoded(tile) for tile in tiles]))


def test_a_hole_of_zeros_in_a_tile_is_damage_also_where_it_decodes_in_silence() -> None:
    whole = jpeg(scene(256, 200))
    start = whole.index(b"\xff\xda") + 5_000
    colour = {258: (SHORT, (8, 8, 8)), 259: (SHORT, 7), 262: (SHORT, 6), 277: (SHORT, 3)}
    reasons = []
    for place in range(start, start + 40):
        data = whole[:place] + bytes(1024) + whole[place + 1024 :]
        with pytest.raises(DamagedImageError) as caught:
            read(built(grey(256, 200, 16, len(data)) | colour, body=data))
        reasons.append(caught.value.reason)
    assert all("strip 0 (byte 16) of 1 is damaged" in reason for reason in reasons)
    assert any("zeros at byte" in reason for reason in reasons)


def test_what_is_odd_in_a_tile_and_costs_no_pixel_is_a_note() -> None:
    picture, notes = everything(strip(LARGE[:-2]))[1::2]
    assert np.array_equal(picture.colour, decoded(LARGE))
    assert "Strip 0 (byte 16) is odd: Its end marker is missing; all rows are there." in str(notes)


def test_of_many_odd_tiles_the_first_are_named_and_the_others_counted() -> None:
    tile = jpeg(scene(64, 64, 1))[:-2]
    tags = grey(64, 64 * 5, 0, 0, _259=(SHORT, 7), _278=(SHORT, 64))
    tags |= {273: (4, [16] * 5), 279: (4, [len(tile)] * 5)}
    notes = everything(built(tags, body=tile))[3]
    assert [note[:7] for note in notes] == ["Strip 0", "Strip 1", "Strip 2", "So do 2"]


def test_tiles_are_the_pixels_of_opencv() -> None:
    data = written(scene(300, 200), photometric="rgb", compression="jpeg", subsampling=(2, 2), tile=(64, 64))
    assert np.array_equal(read(data).colour, decoded(data, cv2.IMREAD_COLOR))
