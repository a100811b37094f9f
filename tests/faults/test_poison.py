"""Poison among good images: half of it bodies that nobody can read, half of it images that kill their rank, each time.

It is refused or blamed piece by piece, and the good ones are done as if it were not there, at half their pace at least.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.outcome import nothing_left, right_and_once
from tests.flow.pictures import jpeg, noise, png
from tests.waiting import wait_for
from tilework.jobs.job import State, unreadable_id
from worker_image.unrest import MANY_DEATHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

SMALL = noise(300, 400)
LARGE = noise(3_000, 4_000)
"""Twelve megapixels, as a phone takes them."""

KILLERS = ("kill_rank()", "segfault()", "abort()", "exit_hard()")

READY = "A world of"
"""What a supervisor logs of each world."""


def poison(deployed: RunningSystem, name: str, number: int) -> str:
    """The job of one piece: every other one is no message, the others kill."""
    if number % 2:
        body = json.dumps({"name": name, "number": number, "what": "no job"})
        deployed.system.jobs.send(body)
        return unreadable_id(body)
    pipeline = KILLERS[number // 2 % len(KILLERS)]
    return deployed.drop(f"{name}/killer {number}.png", png(SMALL), pipeline=pipeline)


def blamed(deployed: RunningSystem, jobs: list[str]) -> None:
    """Every piece has failed in its first attempt, for its own reason."""
    for number, row in enumerate(deployed.ended(jobs, seconds=300).values()):
        assert row.state is State.FAILED, (number, row.key)
        assert row.code in {"unreadable_message", "crashed"}, row.reason
        assert row.attempts <= 1


def worlds(host: WorkerHost) -> int:
    return host.log.read_text().count(READY)


def test_poison_costs_a_few_worlds_and_no_good_image_an_attempt(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost]
) -> None:
    host = new_host()
    good, bad = [], []
    for number in range(24):
        good.append(deployed.drop(f"few/{number}.png", png(SMALL), pipeline="invert()"))
        bad.append(poison(deployed, "few", number))
    rows = deployed.ended(good).values()
    blamed(deployed, bad)
    for row in rows:
        right_and_once(deployed, row, 255 - SMALL)
        assert (row.attempts, row.losses, row.lease_number) == (1, 0, 1)
    # from then on every job is guarded, and a death costs a child
    assert 1 < worlds(host) <= 1 + MANY_DEATHS
    nothing_left(deployed)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_good_images_keep_half_their_rate_among_a_thousand_pieces_of_poison(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost]
) -> None:
    alone, _ = rate(deployed, new_host, "alone", pieces=0)
    among, bad = rate(deployed, new_host, "among", pieces=1_000)
    blamed(deployed, bad)
    nothing_left(deployed)
    assert among >= alone / 2, f"{alone:.1f} good images a second alone, {among:.1f} among poison"


def rate(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], name: str, *, pieces: int, images: int = 500
) -> tuple[float, list[str]]:
    """Good images a second, from the start of a host that finds them waiting until the last is done; the poison's jobs."""
    body = jpeg(LARGE, quality=60)
    good, bad = [], []
    for number in range(images):
        good.append(deployed.drop(f"{name}/{number}.png", body, pipeline="blur(9)"))
        bad += [poison(deployed, name, number * pieces // images + n) for n in range(pieces // images)]
    # straight to the services: the pace of a proxy in a test's own process is not what is measured
    direct = deployed.environment["AWS_ENDPOINT_URL"]
    host = new_host(AWS_ENDPOINT_URL=direct, TILEWORK_LEASE_SECONDS="30")
    began = time.monotonic()
    rows = deployed.ended(good, seconds=400)
    seconds = time.monotonic() - began
    assert {(row.state, row.attempts) for row in rows.values()} == {(State.DONE, 1)}
    wait_for(lambda: deployed.system.jobs.backlog().total == 0, 300)
    assert worlds(host) <= 1 + MANY_DEATHS
    host.end()
    return images / seconds, bad
