"""An object that is read downwards: the next row of tiles is on its way while the last is worked on."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from tests.imaging.samples import scene
from tests.imaging.tiffs import written
from tilework.errors import ServiceError
from tilework.fleet import source as sources
from tilework.fleet.source import ObjectSource
from tilework.imaging.formats import HeaderReader, open_reader, read_header
from tilework.imaging.limits import Limits
from tilework.imaging.windows import Window
from tilework.jobs.in_memory import MemoryStore

TILE = 256


class Telling(MemoryStore):
    """Tells what is read."""

    def __init__(self) -> None:
        super().__init__("inputs")
        self.ranges: list[tuple[int, int]] = []

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        self.ranges.append((start, stop))
        return super().read(key, version, start, stop)


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, Telling, ObjectSource]:
    monkeypatch.setattr(sources, "WHOLE_BYTES", 0)
    array = scene(700, 1500, 3)
    store = Telling()
    body = written(array, tile=(TILE, TILE), compression="zlib", predictor=2)
    version = store.put("large.tif", body, metadata={}, content_type="image/tiff")
    return array, store, ObjectSource(store, "large.tif", version, len(body))


@pytest.mark.parametrize("step", [TILE, 2 * TILE])
@pytest.mark.parametrize("halo", [0, 4])
def test_rows_of_tiles_are_fetched_once_and_before_they_are_asked_for(
    image: tuple[np.ndarray, Telling, ObjectSource], halo: int, step: int
) -> None:
    array, store, source = image
    header = read_header(HeaderReader(source, Limits()), 0)
    reader = open_reader(source, header, 1 << 24)
    assert reader is not None
    store.ranges.clear()
    height = array.shape[0]
    expected = []
    for top in range(0, height, step):
        window = Window(0, max(0, top - halo), array.shape[1], min(height, top + step + halo))
        picture = reader.read(window)
        np.testing.assert_array_equal(picture.colour[..., ::-1], array[window.top : window.bottom])
        assert source._ahead is not None
        expected.append(list(source._ahead.coming))
    fetched = [each for each in store.ranges if each[1] - each[0] > 1000]
    assert len(fetched) == len(set(fetched))
    assert expected[0]
    assert {each for ranges in expected for each in ranges} <= set(fetched)


def test_a_forked_process_fetches_for_itself(image: tuple[np.ndarray, Telling, ObjectSource]) -> None:
    _, _, source = image
    source.expect([(0, 100)])
    child = os.fork()
    if not child:
        os._exit(0 if len(source.read(0, 100)) == 100 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_failure_on_the_way_is_told_to_who_asks(
    image: tuple[np.ndarray, Telling, ObjectSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, store, source = image

    def refuse(*_: object) -> bytes:
        raise ServiceError("S3 is away.")

    monkeypatch.setattr(store, "read", refuse)
    source.expect([(0, 100), (100, 200)])
    with pytest.raises(ServiceError):
        source.read(100, 200)


def test_no_more_is_expected_than_there_is_room_for(image: tuple[np.ndarray, Telling, ObjectSource]) -> None:
    _, store, source = image
    source.expect([(0, 10), (10, sources.AHEAD_BYTES + 100)])
    assert source.read(0, 10) == store.read("large.tif", None, 0, 10)
    assert source._ahead is not None
    assert not source._ahead.coming


def test_at_rest_no_thread_is_left_and_what_is_asked_for_is_fetched(
    image: tuple[np.ndarray, Telling, ObjectSource],
) -> None:
    _, _, source = image
    before = set(threading.enumerate())
    source.expect([(0, 100), (100, 200)])
    source.rest()
    assert set(threading.enumerate()) <= before
    assert len(source.read(100, 200)) == 100
