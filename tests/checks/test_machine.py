"""What a machine lacks is told in a sentence, with what to do about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tilework.checks.check import Check, Health, find
from tilework.checks.machine import (
    DISK_OF_WORLD,
    can_share_memory,
    enough_disk,
    enough_memory,
    machine_checks,
    machine_memory,
)
from tilework.checks.services import CLOCK_SECONDS, clock_agrees
from tilework.errors import RefusedError, ServiceError, SetupError, UnfitError
from tilework.imaging.limits import GIB, MIB, Limits


def test_this_machine_can_have_a_world(tmp_path: Path) -> None:
    findings = [find(check) for check in machine_checks(1, tmp_path / "world", Limits())]
    assert {one.health for one in findings} == {Health.FINE}, findings
    assert len({one.status for one in findings}) == len(findings)


def test_more_ranks_than_the_memory_can_hold_are_told() -> None:
    with pytest.raises(UnfitError, match="100 ranks take 6,376 MiB") as caught:
        enough_memory(100, Limits(), 4 * GIB)
    assert "TILEWORK_RANKS" in caught.value.advice


def test_memory_for_some_working_sets_at_once_is_enough_and_is_told() -> None:
    assert "3 of 8 ranks" in enough_memory(8, Limits(), 4 * GIB)
    assert "0 of 1 ranks" in enough_memory(1, Limits(), GIB // 2)


def test_a_disk_without_room_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnfitError, match="has 10 MiB left") as caught:
        enough_disk(tmp_path, DISK_OF_WORLD, lambda _: 10 * MIB)
    assert "TILEWORK_DIRECTORY" in caught.value.advice


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for look in (lambda path: enough_disk(path, 0), can_share_memory):
        with pytest.raises(UnfitError, match="cannot be made"):
            look(tmp_path / "file" / "world")


def test_files_that_cannot_be_mapped_are_told() -> None:
    with pytest.raises(UnfitError, match="share memory"):
        can_share_memory(Path("/proc"))


def test_a_container_is_as_large_as_it_may_be() -> None:
    assert 0 < machine_memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


class Clock:
    def __init__(self, wall_ahead: float | None) -> None:
        self.wall_ahead = wall_ahead


def look(ahead: float | None, *, refused: bool = False) -> str:
    def ask() -> None:
        if refused:
            raise RefusedError("Signature expired")

    return clock_agrees(ask, Clock(ahead))  # type: ignore[arg-type]


@pytest.mark.parametrize("ahead", [-CLOCK_SECONDS - 1, CLOCK_SECONDS + 1])
def test_a_clock_that_the_services_refuse_is_told(ahead: float) -> None:
    way = "ahead of" if ahead > 0 else "behind"
    with pytest.raises(UnfitError, match=way):
        look(ahead, refused=True)
    # whoever is answered all the same can work, and is told
    assert way in look(ahead)


def test_a_clock_that_is_a_little_off_is_fine_and_refusals_have_another_reason() -> None:
    assert "right to 12 s" in look(-12.4)
    assert "right to 1 s" in look(0.2, refused=True)
    assert "no service has told" in look(None, refused=True)


def test_what_may_pass_is_told_apart_from_what_is_wrong() -> None:
    def failing(error: Exception) -> Check:
        def look() -> str:
            raise error

        return Check("it", 9, look)

    assert find(failing(ServiceError("busy"))).health is Health.SILENT
    wrong = find(failing(SetupError("no", advice="Do it.")))
    assert (wrong.health, wrong.sentence, wrong.advice, wrong.status) == (Health.WRONG, "no", "Do it.", 9)
