"""Where a list goes on, as it travels through addresses and command lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tilework.errors import CursorError
from tilework.jobs.cursor import LATEST, Cursor, after, parse
from tilework.jobs.job import Job, State, digest


@given(some.floats(min_value=0, max_value=LATEST), some.text().map(digest))
def test_a_place_comes_back_from_its_text(updated: float, job: str) -> None:
    place = after(Job(job, "b", "k", "v", State.DONE, updated=updated))
    assert parse(str(place)) == place
    assert parse(str(Cursor(updated))) == Cursor(updated)


def test_a_time_may_be_told_as_people_write_it() -> None:
    assert parse("2025-11-24T09:30:00+00:00") == Cursor(1_763_976_600.0)
    assert parse("2025-11-24T09:30:00Z") == Cursor(1_763_976_600.0)
    assert parse(" 1763976600 ") == Cursor(1_763_976_600.0)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "", "_", "nan", "inf_a", "1e999", "2025-13-01", "-1", "1764571200000", "253402300800"],
)
def test_what_is_no_place_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(CursorError, match="neither a place"):
        parse(text)
