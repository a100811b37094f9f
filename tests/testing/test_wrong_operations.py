"""The kit finds what is wrong, says it so that it can be seen again, and finds nothing where nothing is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.testing.wrong_operations import RIGHT, WRONG, Right, SmallMargin
from tilework.imaging.operations import Example, Operation, registry
from tilework.testing import check, check_operation


@pytest.mark.parametrize(("operation", "promises"), [pytest.param(*each, id=each[0].name) for each in WRONG])
def test_a_promise_that_is_broken_is_found(operation: Operation, promises: set[str]) -> None:
    found = {finding.promise for finding in check(operation, seconds=5)}
    assert found & promises, found


@pytest.mark.parametrize("operation", RIGHT, ids=lambda operation: operation.name)
def test_nothing_is_found_where_nothing_is_wrong(operation: Operation) -> None:
    check_operation(operation, seconds=0.5)


def test_a_finding_says_what_shows_it() -> None:
    with pytest.raises(AssertionError) as caught:
        check_operation(SmallMargin())
    told = str(caught.value)
    assert "smallmargin breaks" in told
    assert "smallmargin() on " in told
    assert "seed" in told


def test_the_same_seed_finds_the_same() -> None:
    first, second = (check(SmallMargin(), seed=3) for _ in range(2))
    assert first.broken[0] == second.broken[0]


def test_examples_of_ones_own_can_be_tried() -> None:
    wrong = Example(text="right", python="image")
    assert {finding.promise for finding in check(Right(), examples=[wrong])} == {"examples"}


def test_a_name_that_is_in_use_is_told_and_the_registry_stays_as_it_was() -> None:
    class Blur(Right):
        name = "blur"

    before = list(registry().items())
    assert any("'blur' is in use" in finding.sentence for finding in check(Blur(), seconds=0.2))
    assert list(registry().items()) == before


OWN = """
from tilework.imaging.operations import LocalOperation

class Mine(LocalOperation):
    name = "mine"
    family = summary = formula = "x"
    dtypes = ("uint8",)

    def kernel(self, image, arguments):
        return 255 - image

operation = Mine()
"""

IMPORTED = """
from tilework.imaging.operations import registry

operation = registry()["invert"]
"""


@pytest.mark.parametrize("text", [OWN, IMPORTED], ids=["its own", "an imported one"])
def test_a_program_from_standard_input_is_told_why_it_can_check_nothing(text: str) -> None:
    program = text + "from tilework.testing import check\nprint(check(operation, seconds=0.1))"
    done = subprocess.run(
        [sys.executable, "-"], input=program, capture_output=True, text=True, timeout=60, check=False
    )
    assert "put the operation into a module" in done.stdout, done.stdout + done.stderr
    assert "ends without a word" not in done.stdout


def test_what_is_no_operation_is_no_finding() -> None:
    with pytest.raises(TypeError, match="no Operation"):
        check(Right)  # type: ignore[arg-type]


def test_speed_is_told_beside_the_python_of_the_example() -> None:
    speed = check(Right(), seconds=0.1, speed=True).speed
    assert speed is not None
    assert speed.text == "right"
    assert 0 < speed.ours < 10
    assert 0 < speed.opencv < 10
