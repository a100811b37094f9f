from __future__ import annotations

from pathlib import Path

import pytest

from local.settings import LocalSettings
from tilework.errors import SettingsError


def read(**environ: str) -> LocalSettings:
    return LocalSettings.from_environment(environ, root=Path("/checkout"))


def test_without_any_setting_one_host_works_and_all_state_lies_in_the_checkout() -> None:
    settings = read()
    assert settings.supervisors == 1
    assert settings.ranks >= 1
    assert settings.port is None
    assert settings.places.state == Path("/checkout/.tilework")


def test_every_place_of_a_system_lies_in_its_state_folder() -> None:
    places = read(TILEWORK_STATE="/elsewhere").places
    own = [
        places.logs,
        places.run,
        places.temporary,
        places.emulator,
        places.samples,
        places.environment_file,
    ]
    assert all(path.is_relative_to("/elsewhere") for path in own)
    assert places.tools.is_relative_to("/checkout/.tilework")


def test_ranks_supervisors_and_port_are_honoured() -> None:
    settings = read(RANKS="3", SUPERVISORS="2", PORT="9000")
    assert (settings.ranks, settings.supervisors, settings.port) == (3, 2, 9000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RANKS", "0"),
        ("RANKS", "many"),
        ("SUPERVISORS", "-1"),
        ("SUPERVISORS", "65"),
        ("PORT", "65536"),
        ("PORT", "٨"),
        ("ONCE", "yes"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**{name: value})
    assert name in refused.value.reason


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, None),
        ({"ONCE": "1"}, True),
        ({"SUPERVISORS": "0"}, False),
        ({"ONCE": "1", "SAMPLES": "0"}, False),
        ({"SAMPLES": "1"}, True),
    ],
)
def test_samples_are_dropped_anew_where_that_is_asked_or_checked(
    environ: dict[str, str], wanted: bool | None
) -> None:
    assert read(**environ).samples is wanted
