"""What every object store promises of objects that are stored in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tilework.errors import VersionGoneError
from tilework.jobs.quotas import PART_BYTES
from tilework.jobs.stores import Upload, UploadOverError

if TYPE_CHECKING:
    from tilework.jobs.stores import ObjectStore

LARGE = b"l" * PART_BYTES


def begun(store: ObjectStore, key: str = "results/a.tif") -> Upload:
    return store.begin_upload(key, metadata={"job": "größe"}, content_type="image/tiff")


def keys(store: ObjectStore) -> list[str]:
    return [found.key for found in store.list()]


def test_parts_that_were_sent_and_copied_make_one_object_of_their_order(store: ObjectStore) -> None:
    store.put("work/ü+1", LARGE[:-1] + b"!", metadata={}, content_type="image/tiff")
    upload = begun(store)
    last = store.upload_part(upload, 3, b"end")
    copied = store.copy_part(upload, 2, "work/ü+1", size=PART_BYTES)
    parts = [store.upload_part(upload, 1, LARGE), copied, last]
    assert [part.size for part in parts] == [PART_BYTES, PART_BYTES, 3]
    assert store.complete_upload(upload, parts)
    info = store.head("results/a.tif")
    assert (info.size, info.content_type, info.metadata) == (
        2 * PART_BYTES + 3,
        "image/tiff",
        {"job": "größe"},
    )
    assert store.read("results/a.tif", None, PART_BYTES - 1, 2 * PART_BYTES + 9) == b"l" + LARGE[1:] + b"!end"


def test_nobody_sees_an_upload_before_it_is_completed(store: ObjectStore) -> None:
    upload = begun(store)
    store.upload_part(upload, 1, b"part")
    assert keys(store) == []
    with pytest.raises(VersionGoneError):
        store.head("results/a.tif")


def test_of_two_uploads_of_one_key_the_first_completed_stays(store: ObjectStore) -> None:
    first, second = begun(store), begun(store)
    parts = {upload: [store.upload_part(upload, 1, upload.id.encode())] for upload in (first, second)}
    assert store.complete_upload(second, parts[second])
    assert not store.complete_upload(first, parts[first])
    store.abort_upload(first)
    assert store.read("results/a.tif", None, 0, 999) == second.id.encode()
    assert len(list(store.versions("results/a.tif"))) == 1


def test_the_parts_that_are_there_are_told_by_their_numbers_and_make_the_object(store: ObjectStore) -> None:
    upload = begun(store)
    assert store.parts_of(upload) == []
    store.upload_part(upload, 2, b"end")
    store.upload_part(upload, 1, b"another")
    store.upload_part(upload, 1, LARGE)
    told = store.parts_of(upload)
    assert [(part.number, part.size) for part in told] == [(1, PART_BYTES), (2, 3)]
    assert store.complete_upload(upload, told)
    assert store.head("results/a.tif").size == PART_BYTES + 3


def test_an_upload_that_is_over_has_no_parts(store: ObjectStore) -> None:
    aborted, completed = begun(store, "results/a.tif"), begun(store, "results/b.tif")
    store.abort_upload(aborted)
    assert store.complete_upload(completed, [store.upload_part(completed, 1, b"part")])
    for upload in (aborted, completed):
        with pytest.raises(UploadOverError):
            store.parts_of(upload)


@pytest.mark.differs("moto", because="it looks at the id alone")
def test_an_upload_is_known_by_its_id_together_with_its_key_alone(store: ObjectStore) -> None:
    upload = begun(store, "results/a.tif")
    store.upload_part(upload, 1, b"part")
    elsewhere = Upload("results/b.tif", upload.id)
    with pytest.raises(UploadOverError):
        store.parts_of(elsewhere)
    store.abort_upload(elsewhere)
    assert len(store.parts_of(upload)) == 1


@pytest.mark.parametrize(("number", "size"), [(0, 1), (10_001, 1), (1, 0), (1, 5 * 2**30 + 1)])
def test_no_address_is_signed_for_a_part_that_s3_would_refuse(
    store: ObjectStore, number: int, size: int
) -> None:
    with pytest.raises(ValueError, match=r"part|Parts"):
        store.presigned_part(begun(store), number, size=size, seconds=60)


@pytest.mark.differs("moto", because="it ends in a KeyError of its own")
def test_an_upload_that_was_aborted_is_over(store: ObjectStore) -> None:
    upload = begun(store)
    part = store.upload_part(upload, 1, b"part")
    store.abort_upload(upload)
    store.abort_upload(upload)
    with pytest.raises(UploadOverError):
        store.complete_upload(upload, [part])
    assert keys(store) == []


def test_what_is_to_be_copied_and_is_gone_is_told(store: ObjectStore) -> None:
    upload = begun(store)
    with pytest.raises(VersionGoneError):
        store.copy_part(upload, 1, "work/gone", size=PART_BYTES)
    store.abort_upload(upload)


def test_parts_that_are_too_small_or_missing_are_refused(store: ObjectStore) -> None:
    upload = begun(store)
    small, large = store.upload_part(upload, 1, b"small"), store.upload_part(upload, 2, LARGE)
    for parts in ([small, large], [large], []):
        with pytest.raises(ValueError, match=r"part|Part"):
            store.complete_upload(upload, parts)
    store.abort_upload(upload)
