"""What the blame slots promise."""

import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from tilework.imaging.phase import PHASES
from tilework.world.slots import SLOT_BYTES, Slot, SlotFile


@given(
    some.builds(
        Slot,
        pid=some.integers(0, 2**32 - 1),
        running=some.booleans(),
        task=some.integers(0, 2**64 - 1),
        started=some.integers(-(2**63), 2**63 - 1),
        deadline=some.integers(-(2**63), 2**63 - 1),
        phase=some.sampled_from(PHASES),
    )
)
def test_a_slot_reads_as_it_was_written(slot: Slot) -> None:
    assert len(slot.pack()) == SLOT_BYTES
    assert Slot.unpack(slot.pack()) == slot


def test_two_processes_views_of_the_file_agree(tmp_path: Path) -> None:
    ours, theirs = SlotFile(tmp_path / "slots", size=3), SlotFile(tmp_path / "slots")
    assert len(theirs) == 3
    theirs.arrive(2, 4711)
    assert ours.read(2) == Slot(pid=4711)
    before = time.monotonic_ns()
    theirs.begin(2, 17)
    slot = ours.read(2)
    assert (slot.pid, slot.running, slot.task) == (4711, True, 17)
    assert before <= slot.started <= time.monotonic_ns()
    theirs.end(2)
    assert not ours.read(2).running
    assert ours.read(1) == Slot()
    ours.close()
    theirs.close()


def test_a_task_has_the_time_that_it_was_given_last(tmp_path: Path) -> None:
    slots, later = SlotFile(tmp_path / "slots", size=2), 10**12
    slots.arrive(1, 4711)
    slots.begin(1, 17)
    assert not slots.read(1).overdue(time.monotonic_ns() + later)
    slots.begin(1, 18, 30.0)
    assert slots.read(1).allowed == 30
    assert not slots.read(1).overdue(time.monotonic_ns())
    assert slots.read(1).overdue(time.monotonic_ns() + later)
    slots.allow(1, 2000.0)
    assert not slots.read(1).overdue(time.monotonic_ns() + later)
    slots.end(1)
    assert not slots.read(1).overdue(time.monotonic_ns() + 3 * later)
    slots.close()


def test_a_phase_is_told_in_the_slot_and_a_task_begins_without_one(tmp_path: Path) -> None:
    ours, theirs = SlotFile(tmp_path / "slots", size=3), SlotFile(tmp_path / "slots")
    theirs.begin(2, 17)
    byte = theirs.phase_byte(2)
    byte[0] = PHASES.index("encode")
    assert ours.read(2).phase == "encode"
    assert [ours.read(rank).phase for rank in (0, 1)] == ["other", "other"]
    theirs.begin(2, 18)
    assert ours.read(2).phase == "other"
    ours.close()
