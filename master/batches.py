"""Batches as the API tells them: noted by whoever starts one, seen as a whole by whoever watches."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from tilework.jobs import cursor
from tilework.jobs.batches import MOST, TITLE_CHARACTERS, Batch, Standing, standing
from tilework.jobs.cursor import Cursor
from tilework.jobs.job import State
from tilework.jobs.system import System
from tilework.service.conditional import tagged
from tilework.service.identity import Asking
from tilework.service.problems import Problem, ProblemError
from tilework.sign_in import Who

RECENT_LIMIT = 20
LONGEST_RECENT = 100

KEPT_TIMES = 3.0
"""How many times as long as a count took it is told again as it is: whoever polls spends a quarter of the time on it at most."""

KEPT_LEAST, KEPT_MOST = 0.5, 60.0
"""Seconds: people who watch one batch together share a look, and nobody sees what is older than a minute."""

MOST_KEPT = 64

Name = Annotated[str, Path(min_length=1, max_length=64, description="The batch's name, as its jobs bear it.")]


class BatchRequest(BaseModel):
    """How many jobs the batch will have, none where all were left out after all, and what a person calls it."""

    size: int = Field(ge=0, le=MOST)
    name: str = Field(default="", max_length=TITLE_CHARACTERS)


class BatchView(BaseModel):
    """Where a batch stands: jobs by ``states``, of ``size`` in all (null where nobody noted it).

    ``waiting`` are those that no worker has taken up yet, and which have no row; ``ended`` those that are over, ``failed`` of
    them those without a result. ``seconds_left`` is an estimate, or null. ``created`` in seconds since the epoch (0: unknown).
    """

    batch: str
    name: str
    size: int | None
    created: float
    states: dict[State, int]
    waiting: int
    ended: int
    failed: int
    over: bool
    seconds_left: float | None


class BatchNote(BaseModel):
    """What was noted of a batch when it was started."""

    batch: str
    name: str
    size: int
    created: float


class BatchList(BaseModel):
    """Batches, the latest started first; ``next`` is the ``before`` of the next page, empty where there is none."""

    batches: list[BatchNote]
    next: str


class Batches:
    """What the API and the page tell of batches. ``clock`` gives seconds since the epoch."""

    def __init__(self, system: System, clock: Callable[[], float]) -> None:
        self._notes = system.batches
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[float, BatchView | None]] = {}

    def note(self, name: str, wanted: BatchRequest, owner: str) -> tuple[BatchNote, bool]:
        """Note a batch: what is noted then, and whether it is new. A later note changes size and name."""
        title = wanted.name.strip()
        batch = Batch(name, owner, wanted.size, title=title, created=round(self._clock(), 3))
        there = self._notes.note(batch)
        self._kept.pop((owner, name), None)
        return _note_of(there or batch), there is None

    def view(self, name: str, who: Who) -> BatchView | None:
        """Where a batch of ``who`` stands (all jobs of that name, for who sees all); None where nothing is known of it."""
        kept_as = (who.owner, name)
        end, told = self._kept.get(kept_as, (0.0, None))
        start = time.monotonic()
        if start < end:
            return told
        found = standing(self._notes, name, self._clock(), owner=who.owner, only=who.only)
        view = None if found is None else _view_of(found)
        took = time.monotonic() - start
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        kept = min(max(KEPT_TIMES * took, KEPT_LEAST), KEPT_MOST)
        self._kept[kept_as] = (time.monotonic() + kept, view)
        return view

    def recent(self, owner: str, limit: int = RECENT_LIMIT, before: str = "") -> BatchList:
        """The batches of ``owner``. Raises CursorError."""
        notes = list(self._notes.recent(limit + 1, owner=owner, before=cursor.place(before)))
        told = notes[:limit]
        following = str(Cursor(told[-1].created, told[-1].id)) if len(notes) > limit else ""
        return BatchList(batches=list(map(_note_of, told)), next=following)


def routes(batches: Batches) -> APIRouter:
    """``PUT`` and ``GET /api/batches/{batch}``, ``GET /api/batches``."""
    router = APIRouter(tags=["batches"])
    media_type = "application/json"

    @router.get("/api/batches", response_model=BatchList, summary="List batches")
    def recent(
        request: Request,
        who: Asking,
        limit: Annotated[int, Query(ge=1, le=LONGEST_RECENT)] = RECENT_LIMIT,
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        """List the batches that were noted, the latest started first. `before` is the `next` of the page before."""
        told = batches.recent(who.owner, limit, before)
        return tagged(request, told.model_dump_json().encode(), media_type=media_type)

    @router.put("/api/batches/{batch}", summary="Note a batch")
    def note(batch: Name, wanted: BatchRequest, who: Asking, response: Response) -> BatchNote:
        """Note that a batch is started, and how many jobs it will have, so that it can be seen as a whole.

        Before or after its images are uploaded with this name as their `batch`: what is not taken up yet counts as waiting.
        A later note of the same name changes its size, and what people call it if that is told; it answers 200 with what is
        noted then. Names are their owner's alone.
        """
        noted, new = batches.note(batch, wanted, who.owner)
        response.status_code = HTTPStatus.CREATED if new else HTTPStatus.OK
        return noted

    @router.get("/api/batches/{batch}", response_model=BatchView, summary="Tell where a batch stands")
    def view(batch: Name, who: Asking, request: Request) -> Response:
        """Tell how many jobs of a batch are in which state; poll it with If-None-Match.

        What is counted may be seconds old, in large batches up to a minute. The estimate alone is no change.
        """
        told = batches.view(batch, who)
        if told is None:
            raise ProblemError(_no_such_batch(batch))
        tag_of = told.model_dump_json(exclude={"seconds_left"}).encode()
        return tagged(request, told.model_dump_json().encode(), tag_of=tag_of, media_type=media_type)

    return router


def _note_of(batch: Batch) -> BatchNote:
    return BatchNote(batch=batch.name, name=batch.title, size=batch.size, created=batch.created)


def _view_of(told: Standing) -> BatchView:
    return BatchView(
        batch=told.name,
        name=told.title,
        size=told.size,
        created=told.created,
        states=dict(told.states),
        waiting=told.waiting,
        ended=told.ended,
        failed=told.ended - told.states[State.DONE],
        over=told.is_over,
        seconds_left=told.seconds_left,
    )


def _no_such_batch(name: str) -> Problem:
    return Problem(
        HTTPStatus.NOT_FOUND,
        "no_such_batch",
        "No such batch",
        f"Nothing is known of a batch {name!r}: nobody noted it, and none of its jobs was taken up yet.",
        "GET /api/batches lists those that were noted.",
    )
