"""What is said of an operation, in words, is the same everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tilework.imaging.operation_facts import described, facts
from tilework.imaging.operations import Operation, registry, trying
from tilework.imaging.operations.point import Invert

if TYPE_CHECKING:
    from tilework.imaging.operations import Arguments


def test_channels_may_be_declared_in_any_order() -> None:
    class Turned(Invert):
        name = "turned"
        channels = (3, 1)
        examples = ()

    with trying(Turned()):
        assert dict(facts(Turned()))["takes"].endswith("; grey and colour")


@pytest.mark.parametrize("operation", registry().values(), ids=lambda operation: operation.name)
def test_api_docs_and_terminal_say_the_same(operation: Operation) -> None:
    told = json.loads(json.dumps(described(operation)))
    assert told["facts"] == dict(facts(operation))
    assert {"takes", "gives", "alpha", "nodata", "reads", "costs", "tiled"} <= told["facts"].keys()


@pytest.mark.parametrize("name", ["threshold", "canny", "otsu", "histogram", "grayscale"])
def test_alpha_is_carried_along_only_where_the_result_has_some(name: str) -> None:
    operation = registry()[name]
    kept = "arried along" in dict(facts(operation))["alpha"].partition(",")[0]
    assert kept is (name == "grayscale")


def test_a_histogram_reads_nothing_of_an_image_that_it_measured() -> None:
    told = {name: dict(facts(operation))["reads"] for name, operation in registry().items()}
    assert told["histogram"] == "the whole image once, to measure it; then no more of it with `histogram()`"
    assert [name for name, text in told.items() if "no more of it" in text] == ["histogram"]


def test_what_a_plugin_cannot_say_of_itself_leaves_the_rest_of_it_and_all_others() -> None:
    class Silent(Invert):
        name = "silent"

        def cost(self, arguments: Arguments) -> float:
            raise ZeroDivisionError

    with trying(Silent()):
        told = described(Silent())
    assert (told["name"], told["facts"]) == ("silent", {})
