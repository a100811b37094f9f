"""An image in stages goes its way on every twin, with several workers at once and a unit that is told twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.jobs.large_image import DONE, Site
from tilework.jobs.job import State
from tilework.jobs.object_keys import WORK
from tilework.jobs.stages import Plan, Stage
from tilework.jobs.units import unit_of

if TYPE_CHECKING:
    from tests.contracts.conftest import Twin
    from tilework.jobs.queues import Message

PLAN = Plan((Stage("measure-0", 3), Stage("write", 23), Stage("assemble", 1)))


@pytest.mark.differs("moto", because="its backends have no locks")
def test_an_image_in_stages_is_done_and_leaves_nothing(twin: Twin) -> None:
    site = Site(twin.system)
    site.stages.begin(site.claim().job, PLAN)
    told = [work_off(site) for _ in range(2)]
    # a unit that is told twice at once may send the next stage twice
    assert [sorted(set(units)) for units in told] == [[0, 1, 2], list(range(23))]
    message, *again = site.receive()
    task = site.work.consider(message)
    assert task is not None
    assert task.stores_result
    over = site.work.finish(message, task, replace(DONE, result_key=site.store_result()))
    assert over is not None
    assert [site.work.consider(each) for each in again] == [None] * len(again)
    assert (over.state, site.waiting(), list(site.system.outputs.list(WORK))) == (State.DONE, 0, [])


def test_a_job_called_off_in_a_stage_leaves_nothing(twin: Twin) -> None:
    site = Site(twin.system)
    site.stages.begin(site.claim().job, PLAN)
    first, *others = site.receive()
    site.do(first)
    task = site.task(others[0])
    site.life.cancel(site.row())
    assert site.work.consider(others[1]) is None
    site.work.commit(others[0], task, "late")
    assert (site.waiting(), list(site.system.outputs.list(WORK))) == (0, [])


def work_off(site: Site) -> list[int]:
    """Do what waits, four at once, and one of it twice; returns which units there were."""
    messages = site.receive()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda message: do(site, message), [*messages, messages[0]]))
    return [unit_of(message.body).number for message in messages]


def do(site: Site, message: Message) -> None:
    task = site.work.consider(message)
    if task is not None:
        site.write(task)
        site.work.commit(message, task, "tiles")
