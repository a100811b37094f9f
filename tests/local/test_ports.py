from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from local.ports import LOOPBACK, RememberedPorts, free_port, is_free, listens, page_port
from tilework.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_somebody_listens_on_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_the_first_wanted_port_that_is_free_is_chosen(taken: int) -> None:
    free = free_port()
    assert free_port(taken, None, free) == free


def test_a_taken_port_is_replaced_by_a_free_one(taken: int) -> None:
    found = free_port(taken)
    assert found != taken
    assert is_free(found)


def test_a_port_that_was_told_is_taken_or_refused_but_never_replaced(taken: int) -> None:
    free = free_port()
    assert page_port(free, None) == free
    with pytest.raises(SetupError) as refused:
        page_port(taken, None)
    assert str(taken) in refused.value.reason


def test_the_page_stays_where_it_was(tmp_path: Path) -> None:
    ports = RememberedPorts(tmp_path / "ports.json")
    assert ports.get("page") is None
    free = free_port()
    ports.keep(page=free)
    ports.keep(emulator=1)
    assert page_port(None, RememberedPorts(tmp_path / "ports.json").get("page")) == free


def test_a_broken_memory_of_ports_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("[")
    assert RememberedPorts(tmp_path / "ports.json").get("page") is None


def test_a_port_belongs_to_the_process_that_listens_on_it(taken: int) -> None:
    assert listens(os.getpid(), taken)
    assert not listens(os.getppid(), taken)
    assert not listens(os.getpid(), free_port())


def test_a_process_that_has_ended_listens_no_more(taken: int) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not listens(ended.pid, taken)
