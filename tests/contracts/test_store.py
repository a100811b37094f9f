"""What every object store promises."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.hostile_keys import HOSTILE_KEYS, INVISIBLE, PLAIN_TEXT
from tilework.errors import MetadataError, VersionGoneError

if TYPE_CHECKING:
    from tilework.jobs.stores import ObjectStore

HOSTILE_VALUES = [
    "blur(9) | canny(100, 200)",
    "",
    " blanks  in and around ",
    "Größe: 東京 🦊",
    "line\nbreak\t\x00",
    "=?UTF-8?B?w7w=?=",
    "=?",
    "quotes \" ' \\ %41 +",
    "ü" * 500,
]
PLAIN = {"metadata": {}, "content_type": "application/octet-stream"}


def put(store: ObjectStore, key: str, body: bytes = b"pixels") -> str:
    return store.put(key, body, metadata={}, content_type="image/png")


def test_what_was_put_is_read_and_described(store: ObjectStore) -> None:
    before = time.time()
    version = store.put("a.png", b"pixels", metadata={"pipeline": "invert"}, content_type="image/png")
    info = store.head("a.png")
    assert (info.key, info.version, info.size) == ("a.png", version, 6)
    assert (info.content_type, info.metadata) == ("image/png", {"pipeline": "invert"})
    assert abs(info.modified - before) < 5
    assert store.read("a.png", version, 0, 6) == b"pixels"


def test_each_put_makes_a_version_that_stays_as_it_was(store: ObjectStore) -> None:
    first, second = put(store, "a", b"first"), put(store, "a", b"second")
    assert first != second
    assert store.read("a", first, 0, 99) == b"first"
    assert store.read("a", None, 0, 99) == b"second"
    assert store.head("a", first).size == 5
    assert store.head("a").version == second


def test_a_range_is_half_open_and_ends_where_the_object_does(
    store: ObjectStore, subtests: pytest.Subtests
) -> None:
    version = put(store, "a")
    for start, stop in [(0, 6), (2, 4), (5, 6), (4, 100), (6, 9), (50, 60), (3, 3)]:
        with subtests.test(start=start, stop=stop):
            assert store.read("a", version, start, stop) == b"pixels"[start:stop]


def test_an_empty_object_reads_as_no_bytes(store: ObjectStore) -> None:
    version = put(store, "empty", b"")
    assert store.read("empty", version, 0, 10) == b""
    assert store.head("empty").size == 0


@pytest.mark.parametrize(("start", "stop"), [(-1, 4), (4, 3)])
def test_what_is_no_range_is_refused(store: ObjectStore, start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="no range"):
        store.read("a", None, start, stop)


def test_a_key_that_never_was_is_gone(store: ObjectStore) -> None:
    with pytest.raises(VersionGoneError, match="nowhere"):
        store.head("nowhere")
    with pytest.raises(VersionGoneError, match="nowhere"):
        store.read("nowhere", None, 0, 1)


def test_a_version_that_was_deleted_is_gone_and_the_others_are_not(store: ObjectStore) -> None:
    first, second = put(store, "a", b"first"), put(store, "a", b"second")
    store.delete("a", second)
    with pytest.raises(VersionGoneError):
        store.head("a", second)
    with pytest.raises(VersionGoneError):
        store.read("a", second, 0, 1)
    assert store.head("a").version == first


def test_a_delete_marker_hides_the_latest_and_changes_nothing_below(store: ObjectStore) -> None:
    version = put(store, "a")
    store.delete("a")
    with pytest.raises(VersionGoneError):
        store.head("a")
    with pytest.raises(VersionGoneError):
        store.read("a", None, 0, 1)
    assert store.read("a", version, 0, 99) == b"pixels"
    assert store.head("a", version).size == 6
    assert list(store.list()) == []
    assert [(found.version, found.is_latest) for found in store.versions()] == [(version, False)]


def test_deleting_what_is_not_there_is_no_error(store: ObjectStore) -> None:
    version = put(store, "a")
    store.delete("a", version)
    store.delete("a", version)
    store.delete("nowhere")
    assert list(store.versions()) == []


def test_create_stores_once_and_leaves_what_is_there(store: ObjectStore) -> None:
    assert store.create("a", b"first", **PLAIN)
    assert not store.create("a", b"second", **PLAIN)
    assert store.read("a", None, 0, 99) == b"first"
    assert len(list(store.versions("a"))) == 1


def test_a_key_under_a_delete_marker_is_free(store: ObjectStore) -> None:
    put(store, "a")
    store.delete("a")
    assert store.create("a", b"again", **PLAIN)
    assert store.read("a", None, 0, 99) == b"again"


@pytest.mark.differs("moto", because="its backends have no locks")
def test_of_32_who_create_one_key_at_once_one_wins(store: ObjectStore) -> None:
    with ThreadPoolExecutor(32) as pool:
        won = list(pool.map(lambda n: store.create("contended", b"%d" % n, **PLAIN), range(32)))
    assert won.count(True) == 1
    assert store.read("contended", None, 0, 9) == b"%d" % won.index(True)


def test_listing_tells_the_latest_of_each_key_in_order(store: ObjectStore) -> None:
    for key in ("b/2", "a", "b/1", "b/1"):
        latest = put(store, key)
    assert [found.key for found in store.list()] == ["a", "b/1", "b/2"]
    found = next(store.list("b/1"))
    assert (found.version, found.size, found.is_latest) == (latest, 6, True)
    assert abs(found.modified - store.head("b/1").modified) < 1.5
    assert [found.key for found in store.list("b/")] == ["b/1", "b/2"]


def test_all_versions_are_listed_newest_first(store: ObjectStore) -> None:
    versions = [put(store, "a", b"%d" % number) for number in range(3)]
    listed = list(store.versions("a"))
    assert [found.version for found in listed] == versions[::-1]
    assert [found.is_latest for found in listed] == [True, False, False]


def test_a_listing_goes_on_beyond_a_page(store: ObjectStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: put(store, f"many/ü {n:04}", b""), range(1_010)))
        list(pool.map(lambda _: put(store, "many/ü 0500", b""), range(10)))
    assert [found.key for found in store.list("many/")] == [f"many/ü {number:04}" for number in range(1_010)]
    assert len({found.version for found in store.versions("many/")}) == 1_020
    behind = list(store.versions("many/", after="many/ü 0003"))
    assert (len(behind), behind[0].key) == (1_016, "many/ü 0004")


def test_a_listing_begins_behind_any_key(store: ObjectStore) -> None:
    for key in ("a", "b/1", "b/1", "b/ü", "c"):
        put(store, key)

    def behind(after: str, prefix: str = "") -> list[str]:
        return [found.key for found in store.versions(prefix, after=after)]

    assert behind("") == ["a", "b/1", "b/1", "b/ü", "c"]
    assert behind("a") == ["b/1", "b/1", "b/ü", "c"]
    assert behind("b/1") == ["b/ü", "c"]
    assert behind("b/ü") == ["c"]
    assert behind("c") == []
    assert behind("a", "b/") == ["b/1", "b/1", "b/ü"]
    assert behind("c", "b/") == []


@pytest.mark.differs("moto", because="it leaves out the first key behind one that is not there")
def test_a_listing_begins_behind_a_key_that_is_not_there_any_more(store: ObjectStore) -> None:
    for key in ("a", "b", "c"):
        put(store, key)
    store.delete("b", store.head("b").version)
    assert [found.key for found in store.versions(after="b")] == ["c"]


def goes_in_and_comes_out(store: ObjectStore, key: str) -> None:
    version = put(store, key)
    assert store.head(key).version == version
    assert store.read(key, version, 0, 99) == b"pixels"
    assert [found.key for found in store.list()] == [key]
    assert [found.key for found in store.versions(key)] == [key]
    assert not store.create(key, b"", **PLAIN)
    store.delete(key, version)
    assert list(store.versions()) == []


def test_any_key_goes_in_and_comes_out(store: ObjectStore, subtests: pytest.Subtests) -> None:
    for key in (*PLAIN_TEXT, "line\nbreak", "tab\tdelete\x7f"):
        with subtests.test(key=key):
            goes_in_and_comes_out(store, key)


@pytest.mark.differs("moto", because="its listing of versions does not encode keys, and answers 500")
def test_a_key_that_xml_cannot_carry_goes_in_and_comes_out(
    store: ObjectStore, subtests: pytest.Subtests
) -> None:
    for key in INVISIBLE:
        with subtests.test(key=key):
            goes_in_and_comes_out(store, key)


@pytest.mark.differs("moto", because="its listing of versions does not encode keys, and answers 500")
def test_hostile_keys_live_side_by_side_in_the_order_of_their_bytes(store: ObjectStore) -> None:
    for key in HOSTILE_KEYS:
        put(store, key)
    in_order = sorted(HOSTILE_KEYS, key=str.encode)
    assert [found.key for found in store.list()] == in_order
    for key in INVISIBLE:
        after = [found.key for found in store.versions(after=key)]
        assert after == in_order[in_order.index(key) + 1 :]


@pytest.mark.parametrize("key", ["", "k" * 1025, "ü" * 513])
def test_a_key_that_s3_would_refuse_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="1 to 1024 bytes"):
        put(store, key)


def test_metadata_comes_back_as_it_went_in(store: ObjectStore, subtests: pytest.Subtests) -> None:
    for number, value in enumerate(HOSTILE_VALUES):
        metadata = {"pipeline": value, "made-by": "tilework"}
        with subtests.test(value=value):
            store.create(f"created {number}", b"", metadata=metadata, content_type="image/png")
            store.put(f"put {number}", b"", metadata=metadata, content_type="image/png")
            assert store.head(f"created {number}").metadata == metadata
            assert store.head(f"put {number}").metadata == metadata


@pytest.mark.parametrize(
    "metadata",
    [{"pipeline": "x" * 2041}, {"Upper": "x"}, {"spa ce": "x"}, {"half": "\ud800"}, {"a": "ü" * 800}],
    ids=["too-long", "upper-case", "blank-in-name", "half-a-character", "too-long-when-encoded"],
)
def test_metadata_that_s3_would_refuse_is_refused_clearly(
    store: ObjectStore, metadata: dict[str, str]
) -> None:
    with pytest.raises(MetadataError):
        store.put("a", b"", metadata=metadata, content_type="image/png")
    with pytest.raises(MetadataError):
        store.create("a", b"", metadata=metadata, content_type="image/png")
    assert list(store.list()) == []


def test_metadata_up_to_the_quota_is_taken(store: ObjectStore) -> None:
    metadata = {"pipeline": "x" * 2040}
    store.put("a", b"", metadata=metadata, content_type="image/png")
    assert store.head("a").metadata == metadata


def test_many_objects_are_deleted_at_once_and_one_that_is_not_there_is_no_error(store: ObjectStore) -> None:
    keys = ["a.png", "a b+c.png", "ü&<東京>.png", "work/1/plan"]
    for key in (*keys, "work/1/plan2"):
        put(store, key)
    store.delete_all([*keys, "nothing.png"])
    store.delete_all([])
    assert [found.key for found in store.list()] == ["work/1/plan2"]
    store.delete_all([f"{number}.png" for number in range(1001)])


def test_a_purge_takes_every_version_and_marker_of_one_key_and_nothing_of_any_other(
    store: ObjectStore,
) -> None:
    for key in ("a", "a", "a/b", "ab", "A"):
        store.put(key, b"x", metadata={}, content_type="text/plain")
    store.delete("a")
    store.put("a", b"y", metadata={}, content_type="text/plain")
    assert store.purge("a") == 4
    assert store.purge("a") == 0
    assert [found.key for found in store.versions()] == ["A", "a/b", "ab"]
    assert store.create("a", b"new", metadata={}, content_type="text/plain")
