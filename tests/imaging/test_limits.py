"""Limits that are settings say which variable makes no sense."""

import pytest

from tilework.errors import SettingsError
from tilework.imaging.limits import Limits


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Limits.from_environment({}) == Limits()


def test_each_setting_moves_its_own_limit() -> None:
    environ = {
        "TILEWORK_FETCH_SECONDS": "30",
        "TILEWORK_DECODER_SECONDS": "2.5",
        "TILEWORK_DEADLINE_FACTOR": "100",
    }
    wanted = Limits(fetch_seconds=30, decoder_seconds=2.5, deadline_factor=100)
    assert Limits.from_environment(environ) == wanted


@pytest.mark.parametrize(
    "name", ["TILEWORK_FETCH_SECONDS", "TILEWORK_DECODER_SECONDS", "TILEWORK_DEADLINE_FACTOR"]
)
@pytest.mark.parametrize("text", ["soon", "0", "1e9"])
def test_a_setting_out_of_bounds_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Limits.from_environment({name: text})
