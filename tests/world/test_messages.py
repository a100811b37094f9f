"""What starter and ranks tell each other."""

import pickle
from pathlib import Path

import pytest

from tilework.world.messages import Initializer, Ticket


def test_a_ticket_goes_through_the_environment() -> None:
    ticket = Ticket("/srv/with space/ü", "0123abcd", "ff00")
    assert Ticket.from_environment(ticket.variables()) == ticket
    assert ticket.authkey == b"\xff\x00"


def test_the_channel_s_address_fits_however_long_the_directory() -> None:
    ticket = Ticket("/" + "long/" * 100, "0123456789abcdef", "ff")
    assert len(ticket.channel.encode()) <= 107


def test_an_initializer_is_called_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "initializer"
    Initializer("os:makedirs", (str(tmp_path / "made"),)).save(path)
    Initializer.load(path).run()
    assert (tmp_path / "made").is_dir()


def test_no_initializer_is_nothing_to_do() -> None:
    Initializer("", ()).run()


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "initializer"
    path.write_bytes(pickle.dumps("hello"))
    with pytest.raises(TypeError, match="holds no initializer"):
        Initializer.load(path)
