"""What a worker host makes of its environment and of its machine."""

from __future__ import annotations

import os

import pytest

from tilework.checks.ranks import usual_ranks
from tilework.errors import SettingsError
from tilework.imaging.limits import GIB, Limits
from worker_image.settings import WorkerSettings
from worker_image.shares import quarter

DEPLOYMENT = {
    "AWS_REGION": "eu-west-1",
    "TILEWORK_INPUT_BUCKET": "in",
    "TILEWORK_OUTPUT_BUCKET": "out",
    "TILEWORK_JOBS_QUEUE_URL": "https://queue/jobs",
    "TILEWORK_UNITS_QUEUE_URL": "https://queue/units",
    "TILEWORK_RESULTS_QUEUE_URL": "https://queue/results",
    "TILEWORK_DEAD_LETTER_QUEUE_URL": "https://queue/dead",
    "TILEWORK_JOB_TABLE": "jobs",
}


def read(**environ: str) -> WorkerSettings:
    return WorkerSettings.from_environment({**DEPLOYMENT, **environ})


@pytest.mark.parametrize(
    ("cores", "gib", "ranks"),
    # the last three: 7.6 of the 8 GiB of c7a.xlarge, a laptop with less than a working set a core, a tiny host
    [(2, 24.0, 4), (4, 16.0, 8), (16, 64.0, 32), (4, 7.6, 6), (8, 7.6, 8), (1, 0.5, 1)],
)
def test_a_host_has_two_ranks_a_core_where_each_can_have_its_working_set(
    cores: int, gib: float, ranks: int
) -> None:
    assert usual_ranks(cores, int(gib * GIB), Limits()) == ranks


def test_whoever_lets_an_image_have_more_memory_gets_fewer_ranks() -> None:
    assert usual_ranks(4, 16 * GIB, Limits(working_set=2 * GIB)) == 7


def test_without_any_setting_the_machine_decides() -> None:
    cores = len(os.sched_getaffinity(0))
    settings = read()
    assert cores <= settings.ranks <= 2 * cores
    assert settings.shares.kept == quarter(settings.ranks)
    assert settings.shares.cores == cores


def test_ranks_are_as_many_as_somebody_says() -> None:
    for ranks in (1, 2, 7):
        settings = read(TILEWORK_RANKS=str(ranks))
        assert (settings.ranks, settings.shares.kept) == (ranks, 1)
    assert read(TILEWORK_RANKS="9", TILEWORK_RANKS_FOR_JOBS="0").shares.kept == 0


def test_units_are_held_for_the_ranks_that_may_have_them_and_a_few_more() -> None:
    settings = read(TILEWORK_RANKS="1")
    assert settings.unit_capacity == 2
    cores = len(os.sched_getaffinity(0))
    assert read(TILEWORK_RANKS=str(4 * cores)).unit_capacity == 4 * cores


def test_a_number_of_ranks_that_makes_no_sense_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsError, match="TILEWORK_RANKS"):
        read(TILEWORK_RANKS="none")
