"""A large image through the stages of a fleet, from one object to another: as one OpenCV call on the whole."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest

from tests.fleet.whole_fleet import Fleet
from tests.imaging.cog_readers import seen_by_tifffile, valid
from tests.imaging.samples import scene
from tests.imaging.tiffs import written
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.pyramid import halved
from tilework.jobs.job import State

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    return scene(width, height, channels)


def tiff(array: np.ndarray, **options: object) -> bytes:
    """Red first, in tiles."""
    return written(array, tile=(256, 256), compression="zlib", predictor=2, **options)


def test_blurred_in_units_it_is_as_one_call_on_the_whole_would_have_made_it() -> None:
    array = photo(2300, 3100)
    fleet = Fleet()
    job = fleet.drop(tiff(array), "invert() | blur(9)")
    fleet.run()
    row = fleet.row(job)
    assert (row.state, row.width, row.height, row.dtype) == (State.DONE, 3100, 2300, "uint8"), row.reason
    levels = [cv2.GaussianBlur(255 - array, (9, 9), 0)]
    result = fleet.result(job)
    for _ in range(3):
        levels.append(halved(Picture(levels[-1])).colour)
    seen = seen_by_tifffile(result)
    assert len(seen) == 4
    for level, expected in zip(seen, levels, strict=True):
        np.testing.assert_array_equal(level, expected)
    assert valid(result)
    assert fleet.left() == []
    assert Counter(fleet.done)["0-write"] >= 9
    assert fleet.done[-1].endswith("assemble")


def test_edges_are_found_across_all_units_as_in_the_whole() -> None:
    array = photo(2300, 3100)
    fleet = Fleet()
    job = fleet.drop(tiff(array), "blur(5) | canny(40, 120)")
    fleet.run()
    assert fleet.row(job).state is State.DONE, fleet.row(job).reason
    expected = cv2.Canny(cv2.GaussianBlur(np.ascontiguousarray(array[:, :, ::-1]), (5, 5), 0), 40, 120)
    assert expected.any()
    np.testing.assert_array_equal(seen_by_tifffile(fleet.result(job))[0], expected)
    assert fleet.left() == []
    assert {name.split("-")[1] for name in fleet.done} == {
        "measure",
        "reduce",
        "write",
        "overviews",
        "assemble",
    }
