"""The master's tests: the real application on the in-memory system, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from master.app import create_app
from master.keeper import Keeper
from master.settings import MasterSettings
from tests.in_process import InProcess
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.life import JobLife
from tilework.jobs.messages import asks, event_body
from tilework.jobs.transitions import Claimant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI

    from tilework.jobs.system import System

NOW = 1_764_000_000.0


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Client(InProcess):
    host: str = "127.0.0.1:8000"


@dataclass
class World:
    """A system, and what a worker would do to it."""

    system: System
    clock: Clock

    @property
    def life(self) -> JobLife:
        return JobLife(self.system.table, self.clock)

    def drop(self, key: str = "a.png", body: bytes = b"x", **metadata: str) -> Ask:
        version = self.system.inputs.put(key, body, metadata=metadata, content_type="image/png")
        return Ask(Drop(self.system.inputs.bucket, key, version))

    def forget_messages(self) -> None:
        """Lose what is in the jobs queue, as if S3 had never told it."""
        while messages := self.system.jobs.receive():
            self.system.jobs.delete(messages)

    def claim(self, ask: Ask, *, message: str = "m-1", seconds: float = 60.0) -> Job:
        claimant = Claimant("host-1", message, seconds)
        claim = self.life.claim(ask, pipeline="blur(9)", source_bytes=1, claimant=claimant)
        assert claim.refusal is None
        return claim.job

    def bury(self, ask: Ask) -> None:
        """Put the drop's message into the dead-letter queue."""
        self.system.dead_letters.send(event_body(ask.drop))

    def row(self, ask: Ask) -> Job:
        row = self.system.table.get(ask.job_id)
        assert row is not None
        return row

    def put_row(self, job_id: str, **changes: Any) -> Job:
        row = Job(
            id=job_id, bucket="memory-input", key=f"{job_id}.png", version="v1", state=State.QUEUED,
            pipeline="blur(9)", created=self.clock.now, updated=self.clock.now,
        )  # fmt: skip
        row = replace(row, **changes)
        assert self.system.table.create(row) is None
        return row

    def told(self) -> list[str]:
        """The job ids that the messages in the queue tell."""
        bucket = self.system.inputs.bucket
        return [ask.job_id for body in self.messages() for ask in asks(body, bucket)]

    def messages(self) -> list[str]:
        """The bodies that a worker can receive now."""
        return [message.body for message in self.system.jobs.receive(visibility=0)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(memory_system(clock), clock)


@pytest.fixture
def settings() -> MasterSettings:
    return MasterSettings(upload_limit_bytes=1_000_000)


@pytest.fixture
def keeper(world: World, settings: MasterSettings) -> Keeper:
    return Keeper(world.system, settings, world.clock)


@pytest.fixture
def client(world: World, settings: MasterSettings) -> Client:
    return Client(create_app(settings, world.system, world.clock))


@pytest.fixture
def client_of(world: World) -> Iterator[Callable[[MasterSettings], Client]]:
    clients: list[Client] = []

    def made(settings: MasterSettings) -> Client:
        clients.append(Client(create_app(settings, world.system, world.clock)))
        return clients[-1]

    yield made
    for each in clients:
        asyncio.run(_ended(each.app))


async def _ended(app: FastAPI) -> None:
    """Connections that an application keeps are closed at its end."""
    async with app.router.lifespan_context(app):
        pass
