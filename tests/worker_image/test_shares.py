"""Photos and scans on one host: neither starves the other, and neither leaves a rank idle."""

from __future__ import annotations

from worker_image.shares import QUIET_SECONDS, Kind, Load, next_kind

LONG = 2 * QUIET_SECONDS


def given(
    *, ranks: int, jobs: int = 0, units: int = 0, quiet: float = LONG, kept: int = 1
) -> tuple[int, int]:
    """How many of so many waiting jobs and units are given to an idle world."""
    given_jobs = given_units = 0
    while True:
        load = Load(given_jobs, given_units, jobs - given_jobs, units - given_units, quiet)
        kind = next_kind(load, ranks, kept)
        if kind is None:
            return given_jobs, given_units
        given_jobs += kind is Kind.JOB
        given_units += kind is Kind.UNIT


def test_jobs_alone_get_all_ranks_and_one_more_waits_in_the_world() -> None:
    assert given(ranks=2, jobs=9) == (3, 0)


def test_units_alone_get_all_ranks() -> None:
    assert given(ranks=4, units=9) == (0, 4)


def test_while_photos_come_a_rank_is_kept_for_them() -> None:
    assert given(ranks=4, units=9, quiet=1.0) == (0, 3)
    assert given(ranks=4, units=9, quiet=1.0, kept=2) == (0, 2)
    assert given(ranks=4, units=9, quiet=1.0, kept=0) == (0, 4)


def test_a_heap_of_photos_leaves_units_one_rank_of_several() -> None:
    assert given(ranks=4, jobs=99, units=9) == (3, 1)
    assert given(ranks=2, jobs=99, units=9) == (1, 1)


def test_on_a_single_rank_photos_go_first() -> None:
    assert given(ranks=1, jobs=1, units=9) == (1, 0)
    assert given(ranks=1, units=9, quiet=1.0) == (0, 1)


def test_a_photo_that_comes_while_units_have_all_ranks_is_next() -> None:
    assert next_kind(Load(0, 4, 1, 5, LONG), 4, 1) is Kind.JOB
    assert next_kind(Load(0, 3, 1, 5, 0.0), 4, 1) is Kind.JOB


def test_units_get_their_rank_back_from_a_stream_of_photos() -> None:
    # as many photos as may be, when the first unit comes: it takes the rank of the second that ends
    assert next_kind(Load(3, 0, 5, 1, 0.0), 2, 1) is None
    assert next_kind(Load(2, 0, 5, 1, 0.0), 2, 1) is None
    assert next_kind(Load(1, 0, 5, 1, 0.0), 2, 1) is Kind.UNIT
