"""The mends of the embedded AWS that no contract can see."""

from __future__ import annotations

import asyncio
import threading

import pytest
from ministack import app

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
