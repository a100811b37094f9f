"""Limits that are settings say which variable makes no sense."""

from dataclasses import fields

import pytest

from tilework.errors import PipelineError, SettingsError
from tilework.imaging.limits import Limits, setting


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Limits.from_environment({}) == Limits()


def test_each_setting_moves_its_own_limit() -> None:
    environ = {
        "TILEWORK_LIMIT_FETCH_SECONDS": "30",
        "TILEWORK_LIMIT_DECODER_SECONDS": "2.5",
        "TILEWORK_LIMIT_DEADLINE_FACTOR": "100",
    }
    wanted = Limits(fetch_seconds=30, decoder_seconds=2.5, deadline_factor=100)
    assert Limits.from_environment(environ) == wanted


def test_every_limit_has_a_setting_and_keeps_its_type() -> None:
    environ = {setting(each.name): "7" for each in fields(Limits)}
    found = Limits.from_environment(environ)
    assert [getattr(found, each.name) for each in fields(Limits)] == [7] * len(environ)
    assert all(type(getattr(found, each.name)) is type(each.default) for each in fields(Limits))


def test_a_pipeline_beyond_the_limit_is_refused_by_name() -> None:
    with pytest.raises(PipelineError, match="limit: pipeline_characters"):
        Limits(pipeline_characters=10).check_pipeline("blur(9) | blur(9)")


@pytest.mark.parametrize(
    "name",
    ["TILEWORK_LIMIT_FETCH_SECONDS", "TILEWORK_LIMIT_DECODER_SECONDS", "TILEWORK_LIMIT_DEADLINE_FACTOR"],
)
@pytest.mark.parametrize("text", ["soon", "0", "1e9"])
def test_a_setting_out_of_bounds_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Limits.from_environment({name: text})
