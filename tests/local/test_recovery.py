"""A real embedded AWS is killed; what it had acknowledged is there again, what it had not is gone."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from rich.console import Console

from local import emulator, recovery
from local.progress import Progress
from local.settings import Places
from local.stopping import Stopping
from local.surroundings import CREDENTIALS, REGION, of_children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.emulator import Data, Emulator

KEYS = ("photo.jpg", "a folder/ü +%.png", "a folder/../dots.png", "twice.png")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(state=tmp_path, shared=tmp_path)
    places.temporary.mkdir()
    return places


@pytest.fixture
def start(places: Places) -> Iterator[Callable[[Data], Emulator]]:
    started: list[Emulator] = []
    progress = Progress(Console(quiet=True), Stopping())

    def begin(data: Data) -> Emulator:
        with progress.step("Starting") as step:
            environment = of_children(os.environ, places)
            log = places.logs / "emulator.log"
            found = emulator.start(
                step, data, port=None, environment=environment, directory=places.state, log=log
            )
        started.append(found)
        return found

    yield begin
    for one in started:
        one.stop(hurry=lambda: True)


@dataclass
class Buckets:
    """The two buckets that are kept, and one that is not, as a client sees them."""

    s3: Any

    def make(self) -> None:
        for name in ("kept-input", "kept-output", "assets"):
            self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket="kept-input", VersioningConfiguration={"Status": "Enabled"})

    def put(self, key: str, body: bytes, bucket: str = "kept-input") -> str:
        answer = self.s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"pipeline": "blur(9)"})
        return str(answer.get("VersionId", "null"))

    def get(self, key: str, version: str) -> tuple[bytes, str]:
        found = self.s3.get_object(Bucket="kept-input", Key=key, VersionId=version)
        return found["Body"].read(), found["Metadata"]["pipeline"]

    def versions(self) -> set[tuple[str, str]]:
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket="kept-input")
        return {(one["Key"], one["VersionId"]) for page in pages for one in page.get("Versions", [])}


def buckets(running: Emulator) -> Buckets:
    client = boto3.client(
        "s3",
        endpoint_url=running.endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    return Buckets(client)


def recover(start: Callable[[Data], Emulator], places: Places) -> Buckets:
    """What the launcher does at a dirty start, with three calls standing for the deploy."""
    fresh = recovery.fresh_data(places)
    empty = start(fresh)
    buckets(empty).make()
    buckets(empty).put("new", b"new", bucket="assets")
    assert empty.stop()
    recovery.join(places, fresh, {"kept-input", "kept-output"})
    return buckets(start(recovery.data(places)))


def kill(running: Emulator) -> None:
    running.child.send(signal.SIGKILL)
    running.child.clear()


def test_all_versions_of_all_keys_are_there_again_and_new_ones_can_be_made(
    start: Callable[[Data], Emulator], places: Places
) -> None:
    running = start(recovery.data(places))
    before = buckets(running)
    before.make()
    before.put("old", b"old", bucket="assets")
    wanted = {(key, before.put(key, key.encode())): key.encode() for key in KEYS}
    wanted[KEYS[-1], before.put(KEYS[-1], b"second")] = b"second"
    before.put("hidden.png", b"x")
    before.s3.delete_object(Bucket="kept-input", Key="hidden.png")
    kill(running)
    after = recover(start, places)
    assert {(key, version): after.get(key, version)[0] for key, version in wanted} == wanted
    assert after.get(*next(iter(wanted)))[1] == "blur(9)"
    assert after.s3.get_bucket_versioning(Bucket="kept-input")["Status"] == "Enabled"
    with pytest.raises(after.s3.exceptions.NoSuchKey):
        after.s3.get_object(Bucket="kept-input", Key="hidden.png")
    third = after.put(KEYS[-1], b"third")
    assert {(KEYS[-1], third), *wanted} <= after.versions()
    listed = after.s3.list_objects_v2(Bucket="assets")["Contents"]
    assert [one["Key"] for one in listed] == ["new"]


def test_what_was_never_acknowledged_is_gone_and_hides_nothing(
    start: Callable[[Data], Emulator], places: Places
) -> None:
    running = start(recovery.data(places))
    before = buckets(running)
    before.make()
    version = before.put("photo.jpg", b"whole")
    kill(running)
    folder = recovery.data(places).objects / "000000000000" / "kept-input"
    (folder / "half.jpg").write_bytes(b"never acknowledged")
    (folder / "other.jpg.tmp").write_bytes(b"not even named")
    kept = recovery.data(places).objects / ".versions/000000000000/kept-input" / version / "photo.jpg"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"whole")
    (folder / "photo.jpg").write_bytes(b"written over by half")
    after = recover(start, places)
    assert after.versions() == {("photo.jpg", version)}
    assert after.get("photo.jpg", version)[0] == b"whole"


def test_a_recovery_that_is_itself_cut_short_loses_nothing(
    start: Callable[[Data], Emulator], places: Places
) -> None:
    running = start(recovery.data(places))
    before = buckets(running)
    before.make()
    version = before.put("photo.jpg", b"whole")
    kill(running)
    cut_short = start(recovery.fresh_data(places))
    buckets(cut_short).make()
    kill(cut_short)
    assert recover(start, places).get("photo.jpg", version)[0] == b"whole"
