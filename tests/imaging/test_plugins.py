"""Installed packages add operations; one that cannot be used disables itself, and says why."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.imaging.plugin_packages import OFFERED, OPERATION, install, on_the_path
from tests.imaging.samples import noise, picture
from tilework.errors import PipelineError, SettingsError
from tilework.imaging import plugins
from tilework.imaging.engine import run_whole
from tilework.imaging.operation_facts import described
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import Origin, load_own_operations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path; whatever comes from it is gone afterwards."""
    with on_the_path(tmp_path, monkeypatch):
        yield tmp_path


def test_an_installed_package_adds_its_operations_and_says_which_version_it_is(place: Path) -> None:
    install(place, "acme-halves", "1.2", {"plugged": OFFERED.format(name="halve")}, halve="plugged")
    load_own_operations("")
    load_own_operations("")
    image = noise(9, 7)
    assert np.array_equal(run_whole(picture(image), parse("halve | invert")).colour, 255 - image // 2)
    (plugin,) = plugins.plugins()
    assert (plugin.origin, plugin.operations) == (Origin("acme-halves", "1.2"), ("halve",))
    assert plugins.others_in(parse("blur(9) | halve | invert | halve")) == ["acme-halves 1.2"]
    assert plugins.others_in(parse("blur(9)")) == []
    assert described(registry()["halve"])["origin"] == {
        "distribution": "acme-halves",
        "version": "1.2",
    }
    assert described(registry()["blur"])["origin"]["distribution"] == "tilework"  # type: ignore[index]


@pytest.mark.parametrize("value", ["plugged", "plugged:OPERATIONS", "plugged:one"])
def test_an_entry_point_is_a_module_or_operations_or_one(place: Path, value: str) -> None:
    install(
        place,
        "acme",
        "1",
        {"plugged": OFFERED.format(name="halve") + "\none = OPERATIONS[0]"},
        any_name=value,
    )
    load_own_operations("")
    assert "halve" in registry()
    assert plugins.disabled() == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "OPERATIONS"),
        ("OPERATIONS = 7", "TypeError"),
        ("OPERATIONS = (1,)", "it offers 1, which is no Operation"),
        (OPERATION.format(name="own") + "\nOPERATIONS = (Own,)", "which is no Operation"),
        (OPERATION.format(name="own") + "\nOPERATIONS = (Own(), Own())", "'own' twice"),
        (OFFERED.format(name="Bad-Name"), "'Bad-Name'"),
        (OFFERED.format(name="output"), "a word of the pipeline language"),
        (OFFERED.format(name="blur"), "'blur', a name that is in use"),
        (
            "from tilework.imaging.operations import registry\nOPERATIONS = (registry()['blur'],)",
            "'blur', a name that is in use",
        ),
        (
            "from tilework.imaging.operations.smoothing import Blur\nOPERATIONS = (Blur(),)",
            "'blur', a name that is in use",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_disables_itself_alone(place: Path, text: str, reason: str) -> None:
    install(place, "broken", "0.9", {"plugged_one": text}, broken="plugged_one")
    install(place, "sound", "2", {"plugged_two": OFFERED.format(name="halve")}, halve="plugged_two")
    before = dict(registry())
    load_own_operations("")
    assert set(registry()) == {*before, "halve"}
    assert registry()["blur"] is before["blur"]
    (plugin,) = plugins.disabled()
    assert plugin.origin == Origin("broken", "0.9")
    assert reason in plugin.reason


def test_a_pipeline_that_names_an_operation_of_a_disabled_plugin_is_refused_with_its_reason(
    place: Path,
) -> None:
    install(place, "acme", "1.0", {"plugged": "import nothing_of_this_name"}, halve="plugged")
    load_own_operations("")
    with pytest.raises(PipelineError) as caught:
        parse("invert | halve(2)")
    assert "the plugin acme 1.0 has it, and is disabled: ModuleNotFoundError" in caught.value.reason
    assert caught.value.position == 9


def test_of_two_plugins_with_one_name_the_first_by_name_stays_in_every_process(place: Path) -> None:
    install(place, "b-second", "1", {"plugged_b": OFFERED.format(name="halve")}, halve="plugged_b")
    install(place, "a-first", "1", {"plugged_a": OFFERED.format(name="halve")}, halve="plugged_a")
    load_own_operations("")
    assert plugins.origin_of("halve") == Origin("a-first", "1")
    assert [plugin.origin.distribution for plugin in plugins.disabled()] == ["b-second"]
    assert parse("halve").steps[0].operation is registry()["halve"]


def test_a_plugin_takes_no_operation_of_another_for_its_own(place: Path) -> None:
    install(place, "a-first", "1", {"plugged_a": OFFERED.format(name="halve")}, halve="plugged_a")
    install(place, "b-second", "1", {"plugged_b": "from plugged_a import OPERATIONS"}, halve="plugged_b")
    load_own_operations("")
    assert [plugin.origin.distribution for plugin in plugins.disabled()] == ["b-second"]
    assert plugins.origin_of("halve") == Origin("a-first", "1")


def test_two_entry_points_of_a_package_may_offer_the_same(place: Path) -> None:
    install(place, "acme", "1", {"plugged": OFFERED.format(name="halve")}, halve="plugged", all="plugged")
    load_own_operations("")
    assert plugins.disabled() == ()
    assert plugins.origin_of("halve") == Origin("acme", "1")


def test_what_is_disabled_is_logged(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(place, "acme", "1.0", {"plugged": "import nothing_of_this_name"}, halve="plugged")
    load_own_operations("")
    plugins.warn_of_disabled(logging.getLogger("test"))
    assert "The plugin acme 1.0 (halve) is disabled: ModuleNotFoundError" in caplog.text


def test_the_module_of_the_environment_comes_after_the_plugins_and_is_named_as_an_origin(place: Path) -> None:
    install(place, "acme", "1.0", {"plugged_a": OFFERED.format(name="halve")}, halve="plugged_a")
    (place / "plugged_b.py").write_text(OFFERED.format(name="halve"))
    (place / "plugged_c.py").write_text(OFFERED.format(name="third"))
    with pytest.raises(SettingsError, match=r"TILEWORK_EXTRA_OPERATIONS: 'plugged_b'.*in use"):
        load_own_operations("plugged_b")
    load_own_operations("plugged_c")
    assert plugins.others_in(parse("halve | third")) == ["acme 1.0", "plugged_c"]
