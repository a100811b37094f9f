"""The preview's tests: the real application on the in-memory system."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from preview.app import create_app
from preview.settings import PreviewSettings
from tests.in_process import InProcess
from tilework.imaging.run import prepare_process
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Job, State

if TYPE_CHECKING:
    import httpx

    from tilework.jobs.system import System

NOW = 1_764_000_000.0


@dataclass
class Client(InProcess):
    host: str = "127.0.0.1:8001"

    def preview(self, **wanted: Any) -> httpx.Response:
        return self.request("POST", "/api/preview", json=wanted)


@dataclass
class World:
    """A system with images and jobs in it."""

    system: System

    def job(self, body: bytes, key: str = "photo.jpg", **changes: Any) -> Job:
        """A job about an image of these bytes; with ``result``, its result's bytes, it is DONE."""
        result = changes.pop("result", None)
        version = self.system.inputs.put(key, body, metadata={}, content_type="image/png")
        row = Job(
            id=f"{len(list(self.system.table.list(None, 100))):032x}", bucket=self.system.inputs.bucket, key=key,
            version=version, state=State.RUNNING, pipeline="invert()", created=NOW, updated=NOW,
        )  # fmt: skip
        row = replace(row, **changes)
        if result is not None:
            name = row.result_key or f"results/{row.id}.png"
            self.system.outputs.put(name, result, metadata={}, content_type="image/png")
            row = replace(row, state=State.DONE, result_key=name, ended=NOW)
        assert self.system.table.create(row) is None
        return row


@pytest.fixture(scope="session", autouse=True)
def _as_a_rank_computes() -> None:
    prepare_process()


@pytest.fixture
def world() -> World:
    return World(memory_system(lambda: NOW))


@pytest.fixture
def settings() -> PreviewSettings:
    return PreviewSettings()


@pytest.fixture
def client(world: World, settings: PreviewSettings) -> Client:
    return Client(create_app(settings, world.system, lambda: NOW))
