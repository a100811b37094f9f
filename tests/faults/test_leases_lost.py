"""A lease that cannot be renewed: the work stops before it stores, another host does it, and there is one result."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import Delay, FaultProxy, Hold, Refuse
from tests.faults.workload import SMALL_BLOCKS, Workload
from tests.waiting import wait_for
from tilework.jobs.history import Deed, Outcome
from tilework.jobs.object_keys import work_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.fault_proxy import Asked
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem


@pytest.fixture
def cut_off(deployed: RunningSystem) -> Iterator[FaultProxy]:
    """A proxy of one host alone."""
    made = FaultProxy(deployed.environment["AWS_ENDPOINT_URL"])
    yield made
    made.close()


def keeps_a_lease(asked: Asked) -> bool:
    """Whatever a renewal needs: without the row no lease of a job is renewed, without the message none of a unit."""
    return asked.service == "dynamodb" or asked.operation == "ChangeMessageVisibility"


def stores_result(asked: Asked) -> bool:
    return asked.service == "s3" and asked.operation in {"PUT", "POST"} and "/results/" in asked.path


def completes(asked: Asked) -> bool:
    return stores_result(asked) and asked.operation == "POST" and asked.query.startswith("uploadId=")


def sends_part(asked: Asked) -> bool:
    return stores_result(asked) and "partNumber=" in asked.query


def test_a_photo_whose_lease_is_lost_is_not_stored_by_who_lost_it(
    deployed: RunningSystem,
    cut_off: FaultProxy,
    new_host: Callable[..., WorkerHost],
    gate: Path,
    tmp_path: Path,
) -> None:
    first = new_host(AWS_ENDPOINT_URL=cut_off.endpoint)
    work = Workload(deployed, "lease lost")
    work.drop_photos(2, "wait_at_gate() | invert()")
    wait_for(lambda: len(list(gate.iterdir())) == 2, what="both are at the gate")
    cut_off.rule(keeps_a_lease, Refuse(500, "InternalServerError"))
    late = cut_off.rule(stores_result, Delay(0))
    second = new_host(TILEWORK_TESTS_GATE=str(tmp_path / "no gate"))
    rows = work.ended()
    assert {row.lease_owner for row in rows} == {second.name}
    # the keeper may have sent a message for them meanwhile, too
    attempts = [entry for row in rows for entry in row.history if entry.deed is Deed.ATTEMPT]
    assert {entry.outcome for entry in attempts} == {Outcome.LOST, Outcome.DONE}
    shutil.rmtree(gate)
    wait_for(lambda: not first.busy(), what="the first host has come to its end, too")
    cut_off.clear()
    # it goes on with other work
    third = Workload(deployed, "lease lost, later")
    second.drain()
    third.drop_photos(2)
    third.ended()
    assert late.count == 0
    assert work.ended() == rows


def test_a_renewal_that_gets_no_answer_loses_no_lease(
    deployed: RunningSystem, cut_off: FaultProxy, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host(AWS_ENDPOINT_URL=cut_off.endpoint, TILEWORK_LEASE_SECONDS="4")
    work = Workload(deployed, "no answer")
    work.drop_photos(1, "wait_at_gate() | invert()")
    wait_for(lambda: list(gate.iterdir()), what="it is at the gate")
    hold = Hold()
    cut_off.rule(keeps_a_lease, hold, times=1)
    wait_for(hold.reached.is_set, what="a renewal hangs")
    before = work.rows()[0].lease_end
    wait_for(lambda: work.rows()[0].lease_end > before + 4, what="renewed beyond what it was")
    shutil.rmtree(gate)
    (row,) = work.ended()
    assert (row.lease_number, row.lease_owner) == (1, host.name)


@pytest.mark.long
def test_units_whose_leases_are_lost_are_done_by_another_and_nothing_of_them_is_left(
    deployed: RunningSystem,
    cut_off: FaultProxy,
    new_host: Callable[..., WorkerHost],
    gate: Path,
    tmp_path: Path,
) -> None:
    first = new_host(AWS_ENDPOINT_URL=cut_off.endpoint, **SMALL_BLOCKS)
    work = Workload(deployed, "unit leases lost")
    work.drop_large("wait_at_gate() | invert() | blur(9)")
    wait_for(lambda: list(gate.iterdir()), what="a unit is at the gate")
    cut_off.rule(keeps_a_lease, Refuse(500, "InternalServerError"))
    new_host(TILEWORK_TESTS_GATE=str(tmp_path / "no gate"), **SMALL_BLOCKS)
    rows = work.ended()
    shutil.rmtree(gate)
    wait_for(lambda: not first.busy(), what="the first host has come to its end, too")
    cut_off.clear()
    wait_for(lambda: not list(deployed.system.outputs.list(work_prefix(rows[0].id))))
    assert work.ended() == rows


@pytest.mark.long
def test_an_assembly_whose_lease_is_lost_stops_before_it_completes(
    deployed: RunningSystem, cut_off: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    first = new_host(AWS_ENDPOINT_URL=cut_off.endpoint, **SMALL_BLOCKS)
    hold = Hold()
    cut_off.rule(sends_part, hold)
    work = Workload(deployed, "assembly lost")
    work.drop_large()
    wait_for(hold.reached.is_set, what="a part of the result is sent")
    cut_off.rule(keeps_a_lease, Refuse(500, "InternalServerError"))
    late = cut_off.rule(completes, Delay(0))
    new_host(**SMALL_BLOCKS)
    rows = work.ended()
    hold.release()
    wait_for(lambda: not first.busy(), what="the first host has come to its end, too")
    assert late.count == 0
    cut_off.clear()
    assert work.ended() == rows
