"""A process's phase is known to whoever shares its memory, at each step of its work."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator

import pytest

from tests.flow.pictures import noise, png
from tilework.imaging import phase
from tilework.imaging.limits import Limits
from tilework.imaging.phase import PHASES, Phase, current, enter, shown_in, while_at
from tilework.imaging.pipeline import parse
from tilework.imaging.run import BytesSource, process
from tilework.imaging.stopwatch import timed, watched


@pytest.fixture
def byte() -> Iterator[memoryview]:
    before = phase._shown
    own = memoryview(mmap.mmap(-1, 1))
    shown_in(own)
    yield own
    shown_in(before)


def test_the_phase_lies_in_the_byte_that_was_given(byte: memoryview) -> None:
    assert (current(), bytes(byte)) == ("other", b"\0")
    assert enter("decode") == "other"
    assert enter("encode") == "decode"
    assert PHASES[byte[0]] == current() == "encode"


def test_a_forked_process_tells_its_phase_to_the_one_it_was_forked_from(byte: memoryview) -> None:
    pid = os.fork()
    if pid == 0:
        enter("kernels")
        os._exit(0)
    os.waitpid(pid, 0)
    assert current() == "kernels"


def test_what_is_timed_is_a_phase_whether_somebody_watches_or_not() -> None:
    seen: list[Phase] = []

    @timed("decode")
    def decode() -> None:
        seen.append(current())
        read()
        seen.append(current())

    @timed("read")
    def read() -> None:
        seen.append(current())

    enter("other")
    decode()
    with watched():
        decode()
    assert seen == ["decode", "read", "decode"] * 2
    assert current() == "other"


def test_an_image_is_read_then_decoded_then_worked_on_then_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[int] = []

    class Noting(bytearray):
        def __setitem__(self, index: object, value: object) -> None:
            super().__setitem__(index, value)  # type: ignore[call-overload]
            entered.append(value)  # type: ignore[arg-type]

    monkeypatch.setattr(phase, "_shown", Noting(1))
    process(BytesSource(png(noise(20, 30))), parse("invert"), Limits())
    phases = [PHASES[each] for each in dict.fromkeys(entered)]
    assert phases == ["read", "decode", "kernels", "encode", "other"]


@pytest.mark.parametrize("name", PHASES)
def test_every_phase_but_the_unknown_one_ends_a_sentence(name: Phase) -> None:
    assert while_at(name).startswith(" while ") == (name != "other")
