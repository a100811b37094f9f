"""A stopwatch counts each moment once, and only for whoever asked."""

from __future__ import annotations

import time

import pytest

from tilework.imaging.stopwatch import Profile, by_rank, timed, watched


@timed("decode")
def decode(seconds: float) -> None:
    time.sleep(seconds)
    read(seconds)


@timed("read")
def read(seconds: float) -> None:
    time.sleep(seconds)


def test_what_lies_within_another_part_is_counted_once() -> None:
    began = time.perf_counter()
    with watched() as watch:
        decode(0.02)
        found = watch.profile().seconds
    elapsed = time.perf_counter() - began
    assert found["decode"] >= 0.02
    assert found["read"] >= 0.02
    assert sum(found.values()) <= elapsed


def test_what_fails_within_a_part_ends_it() -> None:
    @timed("encode")
    def fail() -> None:
        raise RuntimeError("full")

    with watched() as watch:
        with pytest.raises(RuntimeError, match="full"):
            fail()
        assert watch.part == "other"


def test_nothing_is_counted_after_the_watch_has_ended() -> None:
    with watched() as watch:
        pass
    read(0.0)
    assert "read" not in watch.profile().seconds


def test_the_profiles_of_one_rank_are_added() -> None:
    told = [Profile(7, {"read": 1.0}), Profile(3, {"read": 4.0}), Profile(7, {"read": 2.0, "encode": 1.0})]
    assert by_rank(told) == (Profile(3, {"read": 4.0}), Profile(7, {"read": 3.0, "encode": 1.0}))
