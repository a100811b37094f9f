"""Whether the master works: it reaches the job table and the queues, and how much waits there."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from tilework.jobs.queues import Queue
from tilework.jobs.system import System


class Waiting(BaseModel):
    """Messages of one queue, roughly: visible ones wait, those in flight are worked on. ``oldest`` in seconds."""

    visible: int
    in_flight: int
    delayed: int
    oldest: float | None


class Health(BaseModel):
    """``status`` is "ok"; a service that cannot be reached is a problem with status 503 instead."""

    status: str
    jobs: Waiting
    units: Waiting
    dead_letters: Waiting


def routes(system: System) -> APIRouter:
    """``GET /api/health``."""
    router = APIRouter(tags=["health"])

    @router.get("/api/health", summary="Tell whether all is well")
    def health(response: Response) -> Health:
        """Look at the job table and the queues."""
        response.headers["Cache-Control"] = "no-store"
        system.table.counters("health")
        return Health(
            status="ok",
            jobs=waiting(system.jobs),
            units=waiting(system.units),
            dead_letters=waiting(system.dead_letters),
        )

    return router


def waiting(queue: Queue) -> Waiting:
    """How much waits in a queue."""
    backlog = queue.backlog()
    return Waiting(
        visible=backlog.visible, in_flight=backlog.in_flight, delayed=backlog.delayed, oldest=backlog.oldest
    )
