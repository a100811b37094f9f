"""Each promise of a contract is tested on every twin: in memory, under moto, in the embedded AWS.

``@pytest.mark.differs("moto", because=…)`` names a promise that a stand-in for AWS is known to break.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from tilework.aws.connect import Clients, build_clients, join
from tilework.jobs.in_memory import memory_system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tilework.jobs.queues import Queue
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.system import System
    from tilework.jobs.table import JobTable


@dataclass
class Twin:
    """A system, and how its time passes."""

    system: System
    elapse: Callable[[float], None]


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def elapse(self, seconds: float) -> None:
        self.now += seconds


@functools.cache
def clients(endpoint: str | None) -> Clients:
    return build_clients("us-east-1", endpoint)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "differs(twin, because): a stand-in for AWS that breaks this promise")


@pytest.fixture(params=["memory", "moto", "embedded"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    for mark in request.node.iter_markers("differs"):
        if mark.args[0] == request.param:
            pytest.skip(f"{request.param}: {mark.kwargs['because']}")
    if request.param == "memory":
        clock = Clock()
        yield Twin(memory_system(clock, visibility=30.0, max_receives=3), clock.elapse)
        return
    deploy = request.getfixturevalue("deploy")
    if request.param == "embedded":
        endpoint = request.getfixturevalue("embedded_aws").endpoint_url
        yield Twin(join(clients(endpoint), deploy(endpoint)), time.sleep)
        return
    with mock_aws():
        yield Twin(join(clients(None), deploy(None)), time.sleep)


@pytest.fixture
def store(twin: Twin) -> ObjectStore:
    return twin.system.outputs


@pytest.fixture
def queue(twin: Twin) -> Queue:
    return twin.system.units  # the jobs queue may hold an s3:TestEvent already


@pytest.fixture
def dead_letters(twin: Twin) -> Queue:
    return twin.system.dead_letters


@pytest.fixture
def table(twin: Twin) -> JobTable:
    return twin.system.table


@pytest.fixture
def elapse(twin: Twin) -> Callable[[float], None]:
    return twin.elapse
