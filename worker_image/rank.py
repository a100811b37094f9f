"""What a rank does with one job: read the version, run the pipeline, store the result.

Stores are built once, when the rank starts (:func:`start_rank`, the executor's initializer).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from tilework import __version__
from tilework.aws.connect import connect_stores
from tilework.errors import LeaseLostError, MetadataError
from tilework.guard.images import bound_process, process_guarded
from tilework.imaging.costs import transfer_seconds
from tilework.imaging.operations import load_extra
from tilework.imaging.pipeline import parse
from tilework.imaging.run import prepare_process
from tilework.jobs.quotas import metadata_as_sent
from tilework.world.deadline import allow
from worker_image.lease_board import LeaseBoard, board_path
from worker_image.task import Task, Worked

if TYPE_CHECKING:
    from tilework.imaging.limits import Limits
    from tilework.jobs.stores import ObjectStore
    from worker_image.settings import WorkerSettings


FULL = 12
"""Exit status of a rank that has no memory left to read or store with (errno's ENOMEM)."""

WHOLE_BYTES = 8 * 2**20
"""An object up to this size is fetched by one request: for a photo a second one costs more than the bytes it spares."""


@dataclass(slots=True)
class ObjectSource:
    """One object version as the engine reads it: ``size`` bytes at random access."""

    store: ObjectStore
    key: str
    version: str
    size: int
    _whole: bytes | None = None

    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of the version. Raises VersionGoneError, ServiceError."""
        if self.size > WHOLE_BYTES:
            return self.store.read(self.key, self.version, start, stop)
        if self._whole is None:
            self._whole = self.store.read(self.key, self.version, 0, self.size)
        return self._whole[start:stop]


@dataclass(frozen=True, slots=True)
class Rank:
    """What a rank holds for as long as it lives."""

    inputs: ObjectStore
    outputs: ObjectStore
    board: LeaseBoard
    limits: Limits
    made_by: str
    number: int


_rank: Rank | None = None


def fitting(metadata: dict[str, str]) -> dict[str, str]:
    """``metadata`` as S3 takes it: what is too long beside the rest is left out, and the row has it whole."""
    for name in ("pipeline", "source"):
        try:
            metadata_as_sent(metadata)
        except MetadataError:
            metadata = {each: value for each, value in metadata.items() if each != name}
    return metadata


def start_rank(settings: WorkerSettings) -> None:
    """Build what this rank needs for all its tasks: the executor's initializer."""
    global _rank  # noqa: PLW0603 - an executor's initializer has no other place to leave what it built
    prepare_process()
    if settings.extra_operations:
        load_extra(settings.extra_operations)
    made_by = f"tilework {__version__}, opencv {version('opencv-python-headless')}"
    board = LeaseBoard(board_path(settings.directory), settings.capacity)
    inputs, outputs = connect_stores(settings.deployment)
    # Open MPI tells each process which one it is; 0 in a test without a world
    number = int(os.environ.get("OMPI_COMM_WORLD_RANK", "0"))
    # until units of a large image go to the whole fleet, a rank has for it what it has for any
    limits = replace(settings.limits, block_bytes=settings.limits.working_set)
    _rank = Rank(inputs, outputs, board, limits, made_by, number)
    bound_process(limits)


def work(task: Task, *, suspect: bool = False) -> Worked:
    """Do the whole of one task, in a rank that was started; one that is ``suspect`` in guarded children.

    Raises any TileworkError of the image, VersionGoneError, ServiceError; LeaseLostError instead of storing where
    the lease has ended meanwhile. What is raised bears the number of this rank as ``rank``.
    """
    if _rank is None:
        raise RuntimeError("work() before start_rank()")
    try:
        return _work(_rank, task, suspect=suspect)
    except MemoryError:
        # not for this image's pixels, which have a child to fall back on: what earlier work has kept fills this rank,
        # and would fail every job to come. The next world begins empty
        os.write(2, b"This rank is full, and ends.\n")
        os._exit(FULL)
    except Exception as error:
        # attributes travel with an exception, and the row's history tells them
        error.rank = _rank.number  # type: ignore[attr-defined]
        raise


def cpu_seconds() -> float:
    """Seconds of processor time that this process, and the children that it waited for, have used so far."""
    return sum(os.times()[:4])


def _work(rank: Rank, task: Task, *, suspect: bool) -> Worked:
    began, used = time.perf_counter(), cpu_seconds()
    source = ObjectSource(rank.inputs, task.key, task.version, task.source_bytes)
    product = process_guarded(source, parse(task.pipeline), rank.limits, suspect=suspect)
    if not rank.board.holds(task.place):
        raise LeaseLostError(f"The lease of job {task.job} ended before its result could be stored.")
    allow(transfer_seconds(len(product.body), rank.limits))
    key = task.result_stem + product.suffix
    storing = time.perf_counter()
    metadata = fitting(
        {
            "job": task.job,
            "source": task.key,
            "source-version": task.version,
            "source-size": f"{product.width}x{product.height}",
            "source-dtype": product.dtype,
            "pipeline": task.pipeline,
            "made-by": rank.made_by,
        }
    )
    stored = rank.outputs.create(key, product.body, metadata=metadata, content_type=product.content_type)
    ended = time.perf_counter()
    seconds = dict(product.seconds) | {"store": ended - storing, "work": ended - began}
    seconds["cpu"] = cpu_seconds() - used
    size = len(product.body)
    note = " ".join(product.notes)
    return Worked(
        key, stored, product.width, product.height, product.dtype, size, seconds, note=note, rank=rank.number
    )
