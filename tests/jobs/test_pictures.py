"""The pictures of a deployment: as new as the image that is dropped, and next to no requests for a backlog."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tilework.errors import PictureError, ServiceError, UnreadableMessageError
from tilework.jobs.bucket_presets import CLOCKS_APART, LOOK_LIFE_SECONDS
from tilework.jobs.in_memory.store import MemoryStore
from tilework.jobs.object_keys import is_ours, picture_key
from tilework.jobs.pictures import BucketPictures, PictureVersion, pictures_of, pictures_text


class CountingStore(MemoryStore):
    """Counts what is asked, and fails while it is told to."""

    def __init__(self, **options: Any) -> None:
        super().__init__("in", **options)
        self.asked: Counter[str] = Counter()
        self.down = False

    def head(self, key: str, version: str | None = None) -> Any:
        self.asked[key] += 1
        if self.down:
            raise ServiceError("The store is down.")
        return super().head(key, version)


class Bucket:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.store = CountingStore(clock=lambda: self.now)
        self.pictures = BucketPictures(self.store, lambda: self.now)

    def put(self, body: bytes = b"picture", name: str = "logo") -> str:
        return self.store.put(picture_key(name), body, metadata={}, content_type="image/png")

    def now_in_force(self, *names: str) -> dict[str, PictureVersion]:
        """For an image dropped just now."""
        return pictures_of(self.pictures.of_drop(names or ("logo",), self.now))


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def test_who_puts_a_picture_in_place_then_drops_an_image_gets_it(bucket: Bucket) -> None:
    for body in (b"one", b"another"):
        version = bucket.put(body)
        assert bucket.now_in_force() == {"logo": PictureVersion(version, len(body))}
        bucket.now += 0.3
    bucket.store.delete(picture_key("logo"))
    with pytest.raises(PictureError, match=r"'logo', and there is no object \.tilework/pictures/logo"):
        bucket.now_in_force()


def test_a_backlog_looks_once_in_a_while(bucket: Bucket) -> None:
    bucket.put()
    dropped = bucket.now
    bucket.now += 100
    for _ in range(1_000):
        assert bucket.pictures.of_drop(["logo"], dropped)
        bucket.now += 0.01
    assert bucket.store.asked == {picture_key("logo"): 10 / LOOK_LIFE_SECONDS}
    bucket.now = dropped = bucket.now + CLOCKS_APART
    bucket.pictures.of_drop(["logo"], dropped)
    assert bucket.store.asked[picture_key("logo")] == 10 / LOOK_LIFE_SECONDS + 1


def test_each_name_is_a_picture_of_its_own_and_none_costs_nothing(bucket: Bucket) -> None:
    versions = {name: bucket.put(name=name) for name in ("logo", "frame")}
    found = bucket.now_in_force("logo", "frame")
    assert {name: each.version for name, each in found.items()} == versions
    assert bucket.pictures.of_drop([], bucket.now) == ""
    assert bucket.store.asked.total() == 2


def test_a_store_that_is_down_is_no_verdict_on_the_picture(bucket: Bucket) -> None:
    bucket.store.down = True
    with pytest.raises(ServiceError):
        bucket.now_in_force()
    bucket.store.down = False
    bucket.put()
    assert bucket.now_in_force()


def test_a_row_tells_versions_as_text_and_nothing_where_there_are_none() -> None:
    versions = {"logo": PictureVersion("v 1=,", 7), "a": PictureVersion("null", 0)}
    assert pictures_of(pictures_text(versions)) == versions
    assert pictures_text({}) == ""
    assert pictures_of("") == {}
    for wrong in ("[]", "{", '{"logo": 1}', '{"logo": ["v", "many"]}'):
        with pytest.raises(UnreadableMessageError):
            pictures_of(wrong)


def test_a_picture_is_never_a_drop() -> None:
    assert is_ours(picture_key("logo"))
