"""Photos and scans on one host: neither starves the other, and neither leaves a core idle."""

from __future__ import annotations

import pytest

from worker_image.shares import QUIET_SECONDS, Load, Shares, WorkKind, quarter

LONG = 2 * QUIET_SECONDS


def shares(ranks: int, cores: int, kept: int | None = None) -> Shares:
    return Shares(ranks, quarter(ranks) if kept is None else kept, cores)


def given(dealt: Shares, *, jobs: int = 0, units: int = 0, quiet: float = LONG) -> tuple[int, int]:
    """How many of so many waiting jobs and units are given to an idle world."""
    given_jobs = given_units = 0
    while True:
        load = Load(given_jobs, given_units, jobs - given_jobs, units - given_units, quiet)
        kind = dealt.next_kind(load)
        if kind is None:
            return given_jobs, given_units
        given_jobs += kind is WorkKind.JOB
        given_units += kind is WorkKind.UNIT


def test_jobs_alone_get_all_ranks_and_one_more_waits_in_the_world() -> None:
    assert given(shares(ranks=2, cores=2), jobs=9) == (3, 0)


@pytest.mark.parametrize(
    ("ranks", "cores", "units"), [(4, 2, 3), (6, 4, 5), (8, 4, 6), (32, 16, 24), (2, 1, 1)]
)
def test_units_alone_fill_all_cores_and_leave_a_rank_to_the_photo_that_may_come(
    ranks: int, cores: int, units: int
) -> None:
    for quiet in (0.0, LONG):
        assert given(shares(ranks, cores), units=99, quiet=quiet) == (0, units)
    assert cores <= units < ranks


def test_the_first_photo_after_a_quiet_time_finds_a_rank_that_no_unit_has() -> None:
    dealt = shares(ranks=4, cores=2)
    assert dealt.next_kind(Load(0, 3, 1, 5, LONG)) is WorkKind.JOB
    assert dealt.next_kind(Load(0, 3, 0, 5, LONG)) is None


@pytest.mark.parametrize(("ranks", "cores"), [(1, 1), (1, 8), (2, 2), (4, 4), (4, 8)])
def test_with_no_more_ranks_than_cores_units_get_all_of_them_but_only_in_quiet_times(
    ranks: int, cores: int
) -> None:
    assert given(shares(ranks, cores), units=99) == (0, ranks)
    assert given(shares(ranks, cores), units=99, quiet=1.0) == (0, max(1, ranks - 1))


def test_who_wants_more_ranks_kept_for_photos_or_none_may_say_so() -> None:
    assert given(shares(ranks=4, cores=2, kept=2), units=9) == (0, 2)
    assert given(shares(ranks=4, cores=2, kept=0), units=9, quiet=0.0) == (0, 4)


def test_a_heap_of_photos_leaves_units_a_quarter_of_the_ranks() -> None:
    assert given(shares(ranks=8, cores=4), jobs=99, units=9) == (6, 2)
    assert given(shares(ranks=4, cores=2), jobs=99, units=9) == (3, 1)
    assert given(shares(ranks=2, cores=2), jobs=99, units=9) == (1, 1)


def test_on_a_single_rank_photos_go_first() -> None:
    assert given(shares(ranks=1, cores=1), jobs=1, units=9) == (1, 0)
    assert given(shares(ranks=1, cores=1), units=9, quiet=1.0) == (0, 1)


def test_a_photo_that_comes_while_units_have_all_ranks_is_next() -> None:
    assert shares(ranks=4, cores=4).next_kind(Load(0, 4, 1, 5, LONG)) is WorkKind.JOB
    assert shares(ranks=4, cores=4).next_kind(Load(0, 3, 1, 5, 0.0)) is WorkKind.JOB


def test_units_get_their_rank_back_from_a_stream_of_photos() -> None:
    # as many photos as may be, when the first unit comes: it takes the rank of the second that ends
    dealt = shares(ranks=2, cores=2)
    assert dealt.next_kind(Load(3, 0, 5, 1, 0.0)) is None
    assert dealt.next_kind(Load(2, 0, 5, 1, 0.0)) is None
    assert dealt.next_kind(Load(1, 0, 5, 1, 0.0)) is WorkKind.UNIT


@pytest.mark.parametrize("ranks", range(1, 20))
@pytest.mark.parametrize("cores", [1, 2, 4, 8])
def test_a_photo_never_waits_behind_units_alone(ranks: int, cores: int) -> None:
    # whatever units have, one photo at least is at work or may be where another has to wait for a rank
    dealt = shares(ranks, cores)
    _, units = given(dealt, units=99, quiet=0.0)
    jobs, _ = given(dealt, jobs=99, units=99, quiet=0.0)
    assert units <= max(1, ranks - 1)
    assert jobs <= max(1, ranks - 1)
    assert dealt.next_kind(Load(0, units, 1, 9, 0.0)) is WorkKind.JOB


def test_a_smaller_world_has_smaller_shares_in_proportion_and_none_that_is_nothing() -> None:
    assert shares(ranks=12, cores=6, kept=3).in_world_of(8) == shares(ranks=8, cores=4, kept=2)
    assert shares(ranks=12, cores=3, kept=3).in_world_of(1) == shares(ranks=1, cores=1, kept=1)
    assert shares(ranks=12, cores=3, kept=0).in_world_of(4).kept == 0
    assert shares(ranks=12, cores=3).in_world_of(12) == shares(ranks=12, cores=3)
