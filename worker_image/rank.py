"""What a rank does with one job: read the version, run the pipeline, store the result; or with one unit of a large one.

Stores are built once, when the rank starts (:func:`start_rank`, the executor's initializer).
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tilework import __version__
from tilework.aws.connect import connect_stores
from tilework.errors import BeyondRankError, LeaseLostError
from tilework.fleet.pictures import Gallery
from tilework.fleet.planning import UNIT_SECONDS, plan_image
from tilework.fleet.result_metadata import result_metadata
from tilework.fleet.source import ObjectSource
from tilework.fleet.workshop import Surroundings, Workshop
from tilework.guard.child import run_guarded
from tilework.guard.images import (
    GRACE_SECONDS,
    bound_process,
    bounds_of_rewriting,
    bounds_of_unit,
    is_guarded,
    process_guarded,
    stretch,
)
from tilework.imaging.costs import transfer_seconds
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import load_own_operations, others_in
from tilework.imaging.run import prepare_process
from tilework.imaging.stopwatch import Stopwatch, watched
from tilework.imaging.windows import Size
from tilework.logs import all_about, log_to_stderr
from tilework.world.deadline import allow
from tilework.world.spread.bulletin import AWAY_VARIABLE
from worker_image.lease_board import AwayBoard, LeaseBoard, board_path
from worker_image.priority import can_come_back, yielding
from worker_image.task import Task, UnitOrder, UnitWorked, Worked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.fleet.planning import Planned
    from tilework.guard.child import Bounds
    from tilework.imaging.limits import Limits
    from tilework.jobs.stores import ObjectStore
    from worker_image.settings import WorkerSettings


T = TypeVar("T")

log = logging.getLogger(__name__)

FULL = 12
"""Exit status of a rank that has no memory left to read or store with (errno's ENOMEM)."""


@dataclass(frozen=True, slots=True)
class Rank:
    """What a rank holds for as long as it lives."""

    inputs: ObjectStore
    outputs: ObjectStore
    board: LeaseBoard | AwayBoard
    settings: WorkerSettings
    made_by: str
    number: int
    workshop: Workshop
    gallery: Gallery

    @property
    def limits(self) -> Limits:
        """The limits of the settings."""
        return self.settings.limits

    def made(self, pipeline: str) -> str:
        """What makes the result of a pipeline: Tilework, OpenCV, and the plugins that its operations come from."""
        return ", ".join([self.made_by, *others_in(parse(pipeline))])


_rank: Rank | None = None


def start_rank(settings: WorkerSettings) -> None:
    """Build what this rank needs for all its tasks: the executor's initializer."""
    global _rank  # noqa: PLW0603 - an executor's initializer has no other place to leave what it built
    # Open MPI tells each process which one it is; 0 in a test without a world
    number = int(os.environ.get("OMPI_COMM_WORLD_RANK", "0"))
    # the supervisor reads these lines, and decides how they look
    log_to_stderr("rank", replace(settings.logs, form="json"), host=settings.host, rank=number)
    prepare_process()
    load_own_operations(settings.extra_operations)
    made_by = f"tilework {__version__}, opencv {version('opencv-python-headless')}"
    away = os.environ.get(AWAY_VARIABLE)
    board: LeaseBoard | AwayBoard
    if away is None:
        board = LeaseBoard(board_path(settings.directory), settings.leases)
    else:
        # another host than the supervisor's: nothing of its folder is here
        settings = replace(settings, directory=Path(away))
        board = AwayBoard(settings.directory)
    inputs, outputs = connect_stores(settings.deployment)
    gallery = Gallery(inputs, settings.limits)
    workshop = Workshop(inputs, outputs, settings.limits, settings.directory, gallery)
    _rank = Rank(inputs, outputs, board, settings, made_by, number, workshop, gallery)
    # before its memory is bounded: a thread takes some
    can_come_back()
    bound_process(settings.limits)


def work(task: Task, *, suspect: bool = False) -> Worked | Planned:
    """Do the whole of one task, in a rank that was started; one that is ``suspect`` in guarded children.

    An image that is beyond one rank is only planned. Raises any TileworkError of the image, VersionGoneError,
    ServiceError; LeaseLostError instead of storing where the lease has ended meanwhile. What is raised bears the number
    of this rank as ``rank``.
    """
    with all_about(**task.facts):
        log.debug("Begins%s.", _how(suspect=suspect))
        return _ending_where_full(partial(_work, _started(), task, suspect=suspect))


def work_unit(order: UnitOrder, *, suspect: bool = False) -> UnitWorked:
    """Do one unit of a large image; all as for a task."""
    with all_about(**order.facts):
        log.debug("Begins%s.", _how(suspect=suspect))
        return _ending_where_full(partial(_work_unit, _started(), order, suspect=suspect))


def _how(*, suspect: bool) -> str:
    return ", under guard" if suspect else ""


def _started() -> Rank:
    if _rank is None:
        raise RuntimeError("a task before start_rank()")
    return _rank


def _ending_where_full(attempt: Callable[[], T]) -> T:
    try:
        return attempt()
    except MemoryError:
        # not for this image's pixels, which have a child to fall back on: what earlier work has kept fills this rank,
        # and would fail every job to come. The next world begins empty
        os.write(2, b"This rank is full, and ends.\n")
        os._exit(FULL)
    except Exception as error:
        # attributes travel with an exception, and the row's history tells them
        error.rank = _started().number  # type: ignore[attr-defined]
        raise


def cpu_seconds() -> float:
    """Seconds of processor time that this process, and the children that it waited for, have used so far."""
    return sum(os.times()[:4])


def _work(rank: Rank, task: Task, *, suspect: bool) -> Worked | Planned:
    began, used = time.perf_counter(), cpu_seconds()
    rank.workshop.tidy()
    source = ObjectSource(rank.inputs, task.key, task.version, task.source_bytes)
    pipeline = parse(task.pipeline)
    if pipeline.picture_names:
        allow(transfer_seconds(rank.limits.picture_bytes, rank.limits))
    pipeline = rank.gallery.show(pipeline, task.pictures)
    try:
        product = process_guarded(source, pipeline, rank.limits, suspect=suspect)
    except BeyondRankError:
        # its header was read without harm just now; what is left of the time may be little
        allow(transfer_seconds(0, rank.limits))
        return plan_image(source, pipeline, rank.limits, rank.settings.ranks)
    if not rank.board.holds(task.place):
        raise LeaseLostError(f"The lease of job {task.job} ended before its result could be stored.")
    allow(transfer_seconds(len(product.body), rank.limits))
    key = task.result_stem + product.suffix
    storing = Stopwatch("store")
    metadata = result_metadata(
        task, Size(product.width, product.height), product.dtype, rank.made(task.pipeline)
    )
    stored = rank.outputs.create(key, product.body, metadata=metadata, content_type=product.content_type)
    storing.turn_to("other")
    log.debug("Stored: %s" if stored else "Stored by another attempt before: %s", key)
    seconds = {**product.seconds, **storing.seconds, "work": time.perf_counter() - began}
    seconds["cpu"] = cpu_seconds() - used
    size = len(product.body)
    note = " ".join(product.notes)
    return Worked(
        key, stored, product.width, product.height, product.dtype, size, seconds, note=note, rank=rank.number
    )


@yielding()
def _work_unit(rank: Rank, order: UnitOrder, *, suspect: bool) -> UnitWorked:
    bounds = _bounds(rank, order, suspect=suspect)
    if bounds is None:
        around = Surroundings(partial(rank.board.holds, order.place), allow)
        return _made(rank.workshop, order, around, rank)
    # no thread of the workshop is left when this process forks
    rank.workshop.tidy()
    allow(bounds.wall_seconds + GRACE_SECONDS)
    return run_guarded(_alone, bounds, rank, order)


def _bounds(rank: Rank, order: UnitOrder, *, suspect: bool) -> Bounds | None:
    """What a unit may take in a guarded child; None where it is not to be done in one."""
    header = rank.workshop.rewritten_by(order.task)
    if header is not None and (suspect or is_guarded(header)):
        return bounds_of_rewriting(header, order.task.source_bytes, rank.limits)
    return bounds_of_unit(UNIT_SECONDS, rank.limits) if suspect else None


def _alone(rank: Rank, order: UnitOrder) -> UnitWorked:
    """In a guarded child: with connections of its own, for the parent's are in the middle of who knows what."""
    inputs, outputs = connect_stores(rank.settings.deployment)
    # a unit of a huge image, or the assembly, is many steps
    around = Surroundings(partial(rank.board.holds, order.place), stretch)
    return _made(Workshop(inputs, outputs, rank.limits, rank.settings.directory), order, around, rank)


def _made(workshop: Workshop, order: UnitOrder, around: Surroundings, rank: Rank) -> UnitWorked:
    with watched() as watch:
        if order.task.stores_result:
            stored = workshop.assemble(order.task, around, rank.made(order.task.pipeline))
            worked = UnitWorked(stored=stored, rank=rank.number)
            log.debug("Stored: %s", stored.result_key)
        else:
            worked = UnitWorked(workshop.make(order.task, around), rank=rank.number)
            log.debug("Made.")
        return replace(worked, seconds=watch.profile().seconds)
