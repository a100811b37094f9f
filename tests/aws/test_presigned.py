"""Presigned URLs and forms do what they say, for any HTTP client, against the embedded AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tilework.aws.connect import build_clients, connect
from tilework.aws.store import AwsStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment
    from tilework.jobs.stores import ObjectStore

KEY = "drop/a b+ü %41 🦊.jpg"
METADATA = {"pipeline": "blur(9) | größer", "owner": "me"}


@pytest.fixture
def store(embedded_aws: EmbeddedAws, deploy: Callable[[str], Deployment]) -> ObjectStore:
    return connect(deploy(embedded_aws.endpoint_url)).inputs


def upload(store: ObjectStore, body: bytes, **changes: str) -> httpx.Response:
    form = store.presigned_post(KEY, metadata=METADATA, content_type="image/jpeg", max_bytes=10, seconds=60)
    return httpx.post(form.url, data=dict(form.fields) | changes, files={"file": ("x.jpg", body)})


def test_an_uploaded_form_becomes_the_object_it_was_signed_for(store: ObjectStore) -> None:
    assert upload(store, b"0123456789").status_code == 201
    info = store.head(KEY)
    assert (info.size, info.content_type, info.metadata) == (10, "image/jpeg", METADATA)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "elsewhere.jpg"},
        {"Content-Type": "text/html"},
        {"x-amz-meta-pipeline": "invert"},
        {"x-amz-meta-owner": "you"},
        {"x-amz-meta-more": "x"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_form_that_was_changed_is_refused(store: ObjectStore, changes: dict[str, str]) -> None:
    assert upload(store, b"0123456789", **changes).status_code == 403
    assert list(store.list()) == []


def test_a_body_beyond_the_signed_size_is_refused(store: ObjectStore) -> None:
    assert upload(store, b"0123456789+").status_code == 400
    assert list(store.list()) == []


def test_a_key_that_s3_would_fill_in_is_refused(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="under that name"):
        store.presigned_post("a/${filename}", metadata={}, content_type="", max_bytes=1, seconds=60)


@pytest.mark.parametrize("seconds", [0, 7 * 86_400 + 1])
def test_a_life_that_s3_would_refuse_is_refused(store: ObjectStore, seconds: int) -> None:
    with pytest.raises(ValueError, match="lives"):
        store.presigned_get("a", None, filename="a", seconds=seconds)
    with pytest.raises(ValueError, match="lives"):
        store.presigned_post("a", metadata={}, content_type="", max_bytes=1, seconds=seconds)


def test_a_download_is_that_version_as_an_attachment(store: ObjectStore) -> None:
    first = store.put(KEY, b"first", metadata={}, content_type="text/html")
    store.put(KEY, b"second", metadata={}, content_type="text/html")
    answer = httpx.get(store.presigned_get(KEY, first, filename="a.jpg", seconds=60))
    assert answer.content == b"first"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_download_has_the_name_it_was_given_harmlessly(store: ObjectStore) -> None:
    store.put(KEY, b"first", metadata={}, content_type="text/html")
    answer = httpx.get(store.presigned_get(KEY, None, filename='größe "a;b\\c/\r\n\u202e.jpg', seconds=60))
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"gr__e _a;b_c____.jpg\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20_a%3Bb_c____.jpg"
    )


def test_the_latest_version_is_downloaded_without_one(store: ObjectStore) -> None:
    for body in (b"first", b"second"):
        store.put(KEY, body, metadata={}, content_type="image/png")
    url = store.presigned_get(KEY, None, filename="a.png", seconds=60)
    assert httpx.get(url).content == b"second"
    part = httpx.get(url, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"eco")


def test_a_bare_url_of_a_result_saves_it(store: ObjectStore, embedded_aws: EmbeddedAws) -> None:
    store.create("a.html", b"<script>", metadata={}, content_type="text/html")
    answer = httpx.get(f"{embedded_aws.endpoint_url}/{store.bucket}/a.html")
    assert answer.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_in_aws_the_bucket_is_in_the_host_name_and_the_region_is_signed(
    aws_credentials: None, region: str
) -> None:
    store = AwsStore(build_clients(region, None).s3, "bucket")
    url = urlsplit(store.presigned_get("a b/c", "v1", filename="c", seconds=60))
    assert url.scheme == "https"
    assert url.hostname == f"bucket.s3{'' if region == 'us-east-1' else '.' + region}.amazonaws.com"
    assert url.path == "/a%20b/c"
    assert f"%2F{region}%2Fs3%2Faws4_request" in url.query
    form = store.presigned_post("a", metadata={}, content_type="", max_bytes=1, seconds=60)
    assert urlsplit(form.url).hostname == url.hostname


def test_a_signed_address_takes_one_part_of_an_upload(store: ObjectStore) -> None:
    begun = store.begin_upload(KEY, metadata=METADATA, content_type="image/tiff")
    address = store.presigned_part(begun, 1, size=10, seconds=60)
    assert httpx.put(address, content=b"0123456789").status_code == 200
    assert [(part.number, part.size) for part in store.parts_of(begun)] == [(1, 10)]
    assert store.complete_upload(begun, store.parts_of(begun))
    info = store.head(KEY)
    assert (info.size, info.content_type, info.metadata) == (10, "image/tiff", METADATA)


def test_the_length_of_a_part_and_its_number_are_signed(store: ObjectStore) -> None:
    begun = store.begin_upload(KEY, metadata={}, content_type="image/tiff")
    query = parse_qs(urlsplit(store.presigned_part(begun, 7, size=10, seconds=60)).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert (query["partNumber"], query["uploadId"]) == (["7"], [begun.id])


@pytest.mark.parametrize("body", [b"012345678", b"0123456789+"])
def test_a_part_of_another_length_than_was_signed_is_refused(store: ObjectStore, body: bytes) -> None:
    begun = store.begin_upload(KEY, metadata={}, content_type="image/tiff")
    assert httpx.put(store.presigned_part(begun, 1, size=10, seconds=60), content=body).status_code == 403
    assert store.parts_of(begun) == []
