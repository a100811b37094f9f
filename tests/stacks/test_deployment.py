"""What hosts and master are told of the deployment that they join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.stacks.cases import KEPT_CLOSE
from tests.stacks.reading import only, resources, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.settings import Settings


def functions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The master's functions' properties."""
    found = resources(template, "AWS::Lambda::Function", under="Master")
    assert len(found) >= 3
    return {name: resource["Properties"] for name, resource in found.items()}


def user_data(template: dict[str, Any]) -> str:
    return text(only(template, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"])


def test_whoever_writes_rows_and_whoever_misses_them_is_told_the_same_memory(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    kept_close = synthesize(KEPT_CLOSE)
    for name, properties in functions(kept_close).items():
        assert properties["Environment"]["Variables"]["TILEWORK_TABLE_MEMORY_DAYS"] == "90", name
    assert "\nTILEWORK_TABLE_MEMORY_DAYS=90\n" in user_data(kept_close)
    assert "TILEWORK_TABLE_MEMORY_DAYS" not in str(template["Resources"])


def test_limits_reach_every_host_and_the_master(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    kept_close = synthesize(KEPT_CLOSE)
    for name, properties in functions(kept_close).items():
        variables = properties["Environment"]["Variables"]
        found = (variables["TILEWORK_LIMIT_PAGES"], variables["TILEWORK_LIMIT_PIXELS"])
        assert found == ("100", "5000"), name
    assert "\nTILEWORK_LIMIT_PAGES=100\nTILEWORK_LIMIT_PIXELS=5000\n" in user_data(kept_close)
