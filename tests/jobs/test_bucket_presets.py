"""A deployment's presets are as new as the image that asks for them, and cost a backlog next to nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tilework.errors import PipelineError, PresetsError, ServiceError
from tilework.jobs.bucket_presets import CLOCKS_APART, LOOK_LIFE_SECONDS, BucketPresets
from tilework.jobs.in_memory.store import MemoryStore
from tilework.jobs.object_keys import PRESETS
from tilework.jobs.preset_file import MOST_BYTES
from tilework.jobs.presets import Presets


class CountingStore(MemoryStore):
    """Counts what is asked, and fails while it is told to."""

    def __init__(self, **options: Any) -> None:
        super().__init__("in", **options)
        self.asked: Counter[str] = Counter()
        self.down = False

    def head(self, key: str, version: str | None = None) -> Any:
        self.asked["head"] += 1
        if self.down:
            raise ServiceError("The store is down.")
        return super().head(key, version)

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        self.asked["read"] += 1
        return super().read(key, version, start, stop)


class Bucket:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.store = CountingStore(clock=lambda: self.now)
        shipped = Presets.shipped({"edges": "canny(100, 200)"})
        self.presets = BucketPresets(self.store, shipped, lambda: self.now)

    def write(self, text: str) -> None:
        self.store.put(PRESETS, text.encode(), metadata={}, content_type="application/toml")

    def pipeline(self, name: str) -> str:
        """The pipeline of an image dropped under the preset's folder just now."""
        return self.presets.of_drop(self.now).pipeline(name).canonical


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def test_a_bucket_without_a_file_has_the_shipped_presets(bucket: Bucket) -> None:
    assert bucket.pipeline("edges") == "canny(100, 200)"


def test_who_puts_a_preset_in_place_then_drops_an_image_gets_it(bucket: Bucket) -> None:
    with pytest.raises(PipelineError):
        bucket.pipeline("own")
    for pipeline in ("blur(9)", "invert()", "erode(3)"):
        bucket.write(f'[presets]\nown = "{pipeline}"')
        assert bucket.pipeline("own") == pipeline
        bucket.now += 0.3
    bucket.store.delete(PRESETS)
    with pytest.raises(PipelineError, match="does not exist"):
        bucket.pipeline("own")


def test_a_backlog_looks_once_in_a_while_and_reads_a_file_once(bucket: Bucket) -> None:
    bucket.write('[presets]\nown = "blur(9)"')
    dropped = bucket.now
    bucket.now += 100
    for _ in range(1_000):
        assert bucket.presets.of_drop(dropped).pipeline("own").canonical == "blur(9)"
        bucket.now += 0.01
    assert bucket.store.asked == {"head": 10 / LOOK_LIFE_SECONDS, "read": 1}


def test_a_change_is_seen_by_a_backlog_before_long(bucket: Bucket) -> None:
    dropped, bucket.now = bucket.now, bucket.now + 100
    bucket.presets.of_drop(dropped)
    bucket.write('[presets]\nedges = "invert"')
    bucket.now += LOOK_LIFE_SECONDS
    assert bucket.presets.of_drop(dropped).pipeline("edges").canonical == "invert()"


def test_clocks_that_are_a_little_apart_show_no_old_preset(bucket: Bucket) -> None:
    bucket.presets.latest()
    bucket.write('[presets]\nedges = "invert"')
    stamped = bucket.now - CLOCKS_APART + 0.1
    assert bucket.presets.of_drop(stamped).pipeline("edges").canonical == "invert()"


def test_a_file_that_is_too_long_is_not_even_read(bucket: Bucket) -> None:
    bucket.write("#" * (MOST_BYTES + 1))
    with pytest.raises(PresetsError, match=f"more than {MOST_BYTES}"):
        bucket.pipeline("own")
    assert bucket.pipeline("edges") == "canny(100, 200)"
    assert not bucket.store.asked["read"]


def test_a_store_that_is_down_is_no_missing_file(bucket: Bucket) -> None:
    bucket.write('[presets]\nown = "blur(9)"')
    bucket.store.down = True
    with pytest.raises(ServiceError):
        bucket.pipeline("own")
    bucket.store.down = False
    assert bucket.pipeline("own") == "blur(9)"
