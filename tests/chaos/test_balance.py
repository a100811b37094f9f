"""The balance finds whatever may be off: each fault alone, in a system where all else is right."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.balance import Balance, reckon
from tests.chaos.corpus import Pixels, Specimen, Truth, expected
from tests.chaos.ledger import Entry, Ledger
from tests.chaos.pauses import longest_pause
from tests.flow.pictures import decoded, jpeg, noise, png
from tests.flow.test_drop_to_result import PIPELINES
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job, State, unreadable_id
from tilework.jobs.object_keys import result_key
from tilework.jobs.system import System

GOOD = Specimen("good", ".png", png(noise(40, 50)), ("invert()",))
PHOTO = Specimen("photo", ".jpg", jpeg(noise(48, 64)), ("blur(9)",))
BAD = Specimen("bad", ".jpg", b"no image", ("invert()",), ("not_an_image",))
RESULT = png(expected(GOOD, "invert()"))


class Scene:
    """A system in which four jobs were asked for and have ended as they should."""

    def __init__(self) -> None:
        self.system: System = memory_system(time.time)
        self.ledger = Ledger()
        self.good = self.drop(GOOD, "a.png", State.DONE, RESULT)
        self.photo = self.drop(PHOTO, "b.jpg", State.DONE, jpeg(expected_photo(), 95))
        self.bad = self.drop(BAD, "c.jpg", State.FAILED, code="not_an_image")
        self.cancelled = self.drop(GOOD, "d.png", State.CANCELLED)
        self.cancelled.cancelled = True
        spoilt = unreadable_id("{}")
        self.ledger.write("{}", "", None, job=spoilt)
        self.row(spoilt, "", "", State.FAILED, code="unreadable_message")
        # the drops' events
        self.system.jobs.delete(self.system.jobs.receive())

    def drop(self, specimen: Specimen, key: str, state: State, result: bytes = b"", code: str = "") -> Entry:
        (pipeline,) = specimen.pipelines
        entry = self.ledger.write(key, pipeline, specimen)
        inputs = self.system.inputs
        entry.version = inputs.put(key, specimen.body, metadata={}, content_type="")
        entry.job = Ask(Drop(inputs.bucket, key, entry.version)).job_id
        row = self.row(entry.job, key, entry.version, state, code=code)
        if result:
            stored = result_key(row, specimen.suffix)
            self.system.outputs.put(stored, result, metadata={}, content_type="")
            self.change(entry, result_key=stored)
        return entry

    def row(self, job: str, key: str, version: str, state: State, code: str) -> Job:
        made = Job(job, self.system.inputs.bucket, key, version, state, code=code)
        assert self.system.table.create(made) is None
        return made

    def change(self, entry: Entry, **values: object) -> None:
        row = self.row_of(entry)
        changed = replace(row, serial=row.serial + 1, **values)  # type: ignore[arg-type]
        assert self.system.table.replace(changed, seen=row) is None

    def row_of(self, entry: Entry) -> Job:
        row = self.system.table.get(entry.job)
        assert row is not None
        return row

    def result_of(self, entry: Entry) -> str:
        return self.row_of(entry).result_key

    def put(self, key: str, body: bytes) -> None:
        self.system.outputs.put(key, body, metadata={}, content_type="")

    def reckon(self) -> Balance:
        return reckon(self.system, self.ledger, Truth())


def expected_photo() -> Pixels:
    return PIPELINES["blur(9)"](decoded(PHOTO.body))


def test_a_balance_holds_where_all_is_right() -> None:
    scene = Scene()
    found = scene.reckon()
    assert found.faults == {kind: [] for kind in found.faults}
    assert found.holds
    assert (found.dropped, found.results) == (5, 2)
    assert found.ends == {"DONE": 2, "FAILED": 2, "CANCELLED": 1}
    assert found.lines()[0] == "dropped 5 = 2 DONE + 2 FAILED + 0 SKIPPED + 1 CANCELLED"


OFFENCES: dict[str, tuple[str, Callable[[Scene], object]]] = {
    "a result that is gone": ("lost", lambda scene: scene.system.outputs.purge(scene.result_of(scene.good))),
    "a row that is gone": ("lost", lambda scene: scene.system.table.delete(scene.bad.job)),
    "a job that still waits": ("lost", lambda scene: scene.change(scene.bad, state=State.QUEUED)),
    "a lease left open": ("open", lambda scene: scene.change(scene.good, state=State.RUNNING)),
    "a wrong pixel": ("wrong", lambda scene: replaced(scene, scene.good, png(255 - expected(GOOD, "invert()")))),
    "a wrong quality": ("wrong", lambda scene: replaced(scene, scene.photo, jpeg(expected_photo(), 90))),
    "a result that is no image": ("wrong", lambda scene: replaced(scene, scene.good, b"oops")),
    "a result stored twice": ("twice", lambda scene: scene.put(scene.result_of(scene.good), RESULT)),
    "a result in two formats": ("twice", lambda scene: scene.put(scene.result_of(scene.good)[:-4] + ".tif", RESULT)),
    "a good file that failed": ("untrue", lambda scene: failed(scene, scene.good)),
    "another reason than the right one": ("untrue", lambda scene: scene.change(scene.bad, code="crashed")),
    "a cancelled job that is done": ("untrue", lambda scene: scene.change(scene.cancelled, state=State.SKIPPED)),
    "a result of a bad file": ("wrong", lambda scene: scene.put(result_key(scene.row_of(scene.bad), ".jpg"), RESULT)),
    "a result that nobody asked for": ("unlisted", lambda scene: scene.put(f"results/x-{'0' * 24}.png", RESULT)),
    "a row that nobody asked for": ("unlisted", lambda scene: scene.row("f" * 32, "x", "y", State.DONE, code="")),
    "a drop that nobody wrote down": (
        "unlisted", lambda scene: scene.system.inputs.put("z", b"", metadata={}, content_type="")
    ),
    "a work object": ("work", lambda scene: scene.put(f"work/{scene.good.job}/0/plan", b"{}")),
    "a message": ("queued", lambda scene: scene.system.units.send("{}")),
}  # fmt: skip


def replaced(scene: Scene, entry: Entry, body: bytes) -> None:
    key = scene.result_of(entry)
    scene.system.outputs.purge(key)
    scene.put(key, body)


def failed(scene: Scene, entry: Entry) -> None:
    scene.system.outputs.purge(scene.result_of(entry))
    scene.change(entry, state=State.FAILED, code="crashed")


@pytest.mark.parametrize("offence", OFFENCES)
def test_a_balance_does_not_hold_with(offence: str) -> None:
    kind, commit = OFFENCES[offence]
    scene = Scene()
    commit(scene)
    found = scene.reckon()
    assert found.faults[kind], found.faults
    assert not found.holds


def test_a_drop_whose_put_was_never_answered_counts_if_it_arrived() -> None:
    scene = Scene()
    scene.good.job = scene.good.version = ""
    lost = scene.ledger.write("never.png", "invert()", GOOD)
    found = scene.reckon()
    assert found.holds, found.faults
    assert found.dropped == 5
    assert lost not in scene.ledger.entries


def test_a_pause_is_the_longest_time_without_an_end_while_there_was_work() -> None:
    assert longest_pause([]) == (0.0, 0.0)
    # nothing to do from 3 to 20
    assert longest_pause([(1, 3), (20, 21)]) == (1, 2)
    # from the first end on the second job waits
    assert longest_pause([(1, 3), (2, 9), (4, 10)]) == (3, 6)
    assert longest_pause([(0, 1), (0.5, 30), (15, 16)]) == (1, 15)
    # the table's clock is a second behind the dropper's
    assert longest_pause([(100, 99), (103, 105)]) == (103, 2)
