"""The mends of the embedded AWS that no contract can see."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from ministack import app
from ministack.services import s3

from local import mended_ministack


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


def test_ranges_of_a_version_on_the_disk_read_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "S3_PERSIST", True)
    monkeypatch.setattr(s3, "_version_file_exists", lambda *_: True)
    monkeypatch.setattr(s3, "_version_disk_path", lambda bucket, key, version: str(tmp_path / version))
    for version in "abc":
        (tmp_path / version).write_bytes(version.encode() * 9)

    def body(version: str) -> bytes | None:
        return mended_ministack._body_of_version(
            {"objects": {}}, "input", "scan.tif", {"version_id": version}
        )

    assert body("a") == b"a" * 9
    (tmp_path / "a").unlink()
    assert (body("a"), body("b"), body("a")) == (b"a" * 9, b"b" * 9, b"a" * 9)
    assert body("c") == b"c" * 9
    (tmp_path / "b").write_bytes(b"read anew")
    assert body("b") == b"read anew"
    mended_ministack._bodies.clear()
