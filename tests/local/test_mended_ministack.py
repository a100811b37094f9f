"""The mends of the embedded AWS that no contract can see."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from ministack import app
from ministack.services import s3

from local import mended_ministack

LARGE = 2**40

HELD = {"size": LARGE, "etag": "e", "last_modified": "2026-01-01T00:00:00.000Z", "content_type": "image/tiff"}
"""What is known of an object whose bytes lie on the disk."""


@pytest.mark.parametrize("sender", ["another thread", "the loop's own"])
def test_a_long_poll_looks_again_when_a_message_is_sent(sender: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send_during_a_poll() -> None:
        monkeypatch.setattr(app, "_MAIN_LOOP", asyncio.get_running_loop())
        poll = asyncio.create_task(mended_ministack._until_sent(3600))
        await asyncio.sleep(0)
        assert not poll.done()
        if sender == "another thread":
            threading.Thread(target=mended_ministack._sent).start()
        else:
            mended_ministack._sent()
        await asyncio.wait_for(poll, 60)

    asyncio.run(send_during_a_poll())
    assert not mended_ministack._polls


def test_a_long_poll_looks_again_by_itself() -> None:
    asyncio.run(mended_ministack._until_sent(0.001))
    assert not mended_ministack._polls


@pytest.mark.parametrize("version", [None, "v"])
def test_a_range_of_an_object_on_the_disk_costs_no_more_than_its_own_bytes(
    version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = tmp_path / "scan.tif"
    with scan.open("wb") as file:
        file.write(b"head")
        # more than any machine could read at once
        file.truncate(LARGE)
    bucket = {"objects": {} if version else {"scan.tif": HELD}}
    monkeypatch.setattr(s3, "S3_PERSIST", True)
    monkeypatch.setattr(s3, "_ensure_bucket", lambda _: bucket)
    for path in ("_version_disk_path", "_object_disk_path"):
        monkeypatch.setattr(s3, path, lambda *_: str(scan))
    monkeypatch.setattr(s3, "_version_body", mended_ministack._body_of_version)
    monkeypatch.setattr(s3, "_read_body", mended_ministack._body_of_object)
    monkeypatch.setitem(s3._object_versions, ("input", "scan.tif"), [HELD | {"version_id": version}])
    query = {"versionId": [version]} if version else {}
    answer = mended_ministack._read_object("input", "scan.tif", {"range": "bytes=2-6"}, query)
    assert (answer[0], answer[2]) == (206, b"ad\0\0\0")
    assert answer[1]["Content-Range"] == f"bytes 2-6/{LARGE}"
