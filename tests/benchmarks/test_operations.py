"""The table of operations: its figures mean nothing here."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import operations
from benchmarks.page import SECTIONS
from benchmarks.results import Row
from benchmarks.scope import SMALL
from tilework.imaging.formats import Picture
from tilework.imaging.operations import prepare, registry

PHOTO = operations.photo(128, 96)


def test_every_example_of_every_operation_has_a_row_of_its_own() -> None:
    cases = operations.cases()
    assert {case.operation.name for case in cases} == set(registry())
    assert len({case.row for case in cases}) == len(cases)


@pytest.mark.parametrize("case", operations.cases(), ids=lambda case: case.row)
def test_what_is_compared_gives_the_same_pixels(case: operations.Case) -> None:
    """The photo is smaller than a tile, so that there is no margin to cut off."""
    prepare()
    for ours, python, pixels in case.turns(operations.of_depth(PHOTO, case)):
        made, expected = ours(), python()
        assert pixels > 0
        if isinstance(made, Picture) and case.operation.exact:
            assert np.array_equal(made.colour, expected)


def test_the_table_names_what_is_slow_and_the_chains() -> None:
    case = operations.cases()[0]
    rows = {
        case.row: Row("2026-01-01", 1, {"where": "tiles", "ours": 50.0, "python": 100.0}),
        operations.CHAIN + operations.CHAINS[0]: Row("2026-01-01", 1, {"chain": 10.0, "parts": 15.0}),
        "an example that is gone uint8": Row("2026-01-01", 1, {"where": "tiles", "ours": 1.0, "python": 1.0}),
    }
    told = "\n\n".join(SECTIONS["operations"].told(rows))
    assert f"| `{case.example.text}` | uint8 x 3 | tiles | 50 | 100 | 0.50 |" in told
    assert f"Below 0.9: `{case.example.text}` (0.50)." in told
    assert "| 10 | 15 | 1.50 |" in told
    assert "that is gone" not in told


def test_a_chain_is_measured_beside_its_parts() -> None:
    figures = operations.chained(Picture(PHOTO), operations.CHAINS[0], SMALL)
    assert figures["chain"] > 0
    assert figures["parts"] > 0
