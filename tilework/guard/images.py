"""One image through the engine, within its bounds: in this process where that is safe, in a guarded child elsewhere.

In this process only its deadline (and the process's own bound on memory) holds, and whoever watches the process kills
it for that. In a child it is stopped by itself, and the verdict is an exception.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

from tilework.guard.child import Bounds, extend, run_guarded
from tilework.guard.memory import SLACK, be_taken_first, bound_growth
from tilework.imaging.costs import ABOVE, CLOCK, cpu_seconds, rewriting_seconds, transfer_seconds
from tilework.imaging.formats import HeaderReader, row
from tilework.imaging.formats.strips import strip_disk
from tilework.imaging.pictures import load_all
from tilework.imaging.run import BytesSource, complete, prepare
from tilework.imaging.stopwatch import Stopwatch
from tilework.world.deadline import allow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.formats import Header
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.run import Product, Source

T = TypeVar("T")

RANK_SCORE = 500
"""Between whoever holds messages and leases (0) and a guarded child (1000), for the out-of-memory killer."""

STACK_BYTES = 1 << 20
"""Of a thread that a rank starts: none computes much."""

GRACE_SECONDS = 30.0
"""How much later than a child's the deadline of its parent is, which has to notice, bury and tell."""


def bound_process(limits: Limits) -> None:
    """Bound the memory of this process, which has loaded all that it needs, to what one image may take."""
    # the bound counts each thread's stack in full, and those that wait for a store may be a hundred
    threading.stack_size(STACK_BYTES)
    bound_growth(limits.working_set + SLACK)
    be_taken_first(RANK_SCORE)


def process_guarded(source: Source, pipeline: Pipeline, limits: Limits, *, suspect: bool = True) -> Product:
    """Process one image as :func:`tilework.imaging.run.process` does, and raise what that raises.

    An image that is ``suspect`` is not even looked at outside a child, which gets it whole; any other goes to a child
    where its format says so, or where this process has not the memory: what it has kept of earlier images may be at
    fault. A child that is ended raises CrashedError, TooSlowError or OutOfMemoryError. Moves the deadline of the
    running task.
    """
    # once here, and not in each child again
    load_all(pipeline)
    watch = Stopwatch("read")
    # what is larger is refused from its header, and need not be fetched for that
    if suspect and source.size <= limits.working_set:
        allow(transfer_seconds(source.size, limits))
        data = source.read(0, source.size)
        bounds = _bounds(limits.decoder_seconds, limits)
        allow(bounds.wall_seconds + GRACE_SECONDS)
        watch.turn_to("decode")
        return run_guarded(_plan_and_complete, bounds, data, pipeline, limits).with_seconds(watch.seconds)
    reader = HeaderReader(source, limits)
    planned = prepare(reader, pipeline, limits)
    allow(transfer_seconds(source.size, limits))
    data = reader.everything()
    watch.turn_to("decode")
    seconds = cpu_seconds(planned, pipeline, limits)
    if not suspect and not planned.guarded:
        allow(CLOCK * seconds)
        with contextlib.suppress(MemoryError):
            return complete(data, planned, pipeline).with_seconds(watch.seconds)
    bounds = _bounds(seconds, limits)
    allow(bounds.wall_seconds + GRACE_SECONDS)
    return run_guarded(complete, bounds, data, planned, pipeline).with_seconds(watch.seconds)


def bounds_of_unit(planned: float, limits: Limits) -> Bounds:
    """What a unit of a large image, or the assembly of all, may take in a child that was ``planned`` to take seconds."""
    seconds = limits.decoder_seconds + limits.deadline_factor * planned * ABOVE
    return Bounds(seconds, CLOCK * seconds + limits.fetch_seconds, limits.working_set + SLACK)


def bounds_of_rewriting(header: Header, encoded: int, limits: Limits) -> Bounds:
    """What streaming an image of ``encoded`` bytes, which is only read in sequence, may take in a child."""
    wall = rewriting_seconds(header, limits)
    memory = limits.working_set + SLACK
    return Bounds(wall / CLOCK, wall + transfer_seconds(encoded, limits), memory, strip_disk(header, encoded))


def is_guarded(header: Header) -> bool:
    """Whether the pixels of an image are decoded in a child only."""
    return header.guarded or row(header.format).guarded


def rewrite_guarded(limits: Limits, header: Header, encoded: int, work: Callable[[], T]) -> T:
    """Do ``work``, which streams an image, where such an image is decoded: here, or in a child. Moves the deadline."""
    bounds = bounds_of_rewriting(header, encoded, limits)
    allow(bounds.wall_seconds + GRACE_SECONDS)
    return run_guarded(work, bounds) if is_guarded(header) else work()


def stretch(seconds: float) -> None:
    """Let what comes next in this guarded child take ``seconds`` by the clock, and move its rank's deadline along."""
    # the slot is memory that is shared
    allow(seconds + GRACE_SECONDS)
    extend(seconds / CLOCK, seconds)


def _plan_and_complete(data: bytes, pipeline: Pipeline, limits: Limits) -> Product:
    """In a child, which has time for the header, and for the rest as much as that tells."""
    planned = prepare(HeaderReader(BytesSource(data), limits), pipeline, limits)
    stretch(CLOCK * cpu_seconds(planned, pipeline, limits))
    return complete(data, planned, pipeline)


def _bounds(seconds: float, limits: Limits) -> Bounds:
    return Bounds(seconds, CLOCK * seconds, limits.working_set + SLACK)
