"""What ranks read about their leases, on the supervisor's host and on others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tilework.boottime import boottime
from tilework.world.spread.bulletin import Poke, write_bulletin
from worker_image.lease_board import AwayBoard, LeaseBoard, board_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def board(tmp_path: Path) -> Iterator[LeaseBoard]:
    board = LeaseBoard(board_path(tmp_path), 3, create=True)
    yield board
    board.close()


@pytest.fixture
def agent(tmp_path: Path, board: LeaseBoard) -> Iterator[None]:
    """Answers, in the place of another host's agent, with the leases as they are."""
    poke = Poke(tmp_path)
    over = threading.Event()

    def answer() -> None:
        while not over.wait(0.001):
            if poke.heard():
                write_bulletin(tmp_path, boottime(), board.left())

    thread = threading.Thread(target=answer)
    thread.start()
    yield
    over.set()
    thread.join()
    poke.close()


def test_a_lease_holds_until_its_end_and_no_longer(board: LeaseBoard) -> None:
    board.post(1, boottime() + 60)
    board.post(2, boottime() - 1)
    assert [board.holds(place) for place in range(3)] == [False, True, False]


@pytest.mark.usefixtures("agent")
def test_a_rank_on_another_host_sees_a_lease_that_was_posted_a_moment_ago(
    board: LeaseBoard, tmp_path: Path
) -> None:
    away = AwayBoard(tmp_path)
    assert not away.holds(1)
    board.post(1, boottime() + 60)
    assert away.holds(1)
    board.post(1, 0.0)
    assert not away.holds(1)


def test_no_lease_holds_on_a_host_that_hears_nothing(board: LeaseBoard, tmp_path: Path) -> None:
    board.post(1, boottime() + 60)
    write_bulletin(tmp_path, boottime(), board.left())
    assert not AwayBoard(tmp_path, patience=0.05).holds(1)
