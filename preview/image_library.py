"""The images of jobs, open: those that were looked at last stay so, as far as there is memory for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from preview.coarse import ReadingTurn
from preview.kept import KeptImage
from preview.opened import Opened
from preview.problems import not_there
from tilework.errors import PipelineError
from tilework.fleet.source import ObjectSource
from tilework.imaging.pipeline import parse
from tilework.imaging.result_kinds import ResultKind, kind_of

if TYPE_CHECKING:
    from preview.memory import Memory
    from preview.settings import PreviewSettings
    from tilework.jobs.job import Job
    from tilework.jobs.stores import ObjectInfo, ObjectStore
    from tilework.jobs.system import System

Side: TypeAlias = Literal["input", "result"]

MOST_DESCRIBED = 1024
"""Versions of which size and owner are remembered, neither of which ever changes."""


@dataclass(frozen=True, slots=True)
class Address:
    """One image: a version of an object of the input bucket, or a result."""

    side: Side
    key: str
    version: str | None
    page: int | None = None


class Library:
    """Opens images, each once at a time; thread-safe."""

    def __init__(self, system: System, settings: PreviewSettings, memory: Memory) -> None:
        self._system = system
        self._settings = settings
        self._lock = threading.Lock()
        self._memory = memory
        self._turn = ReadingTurn()
        self._described: OrderedDict[Address, ObjectInfo] = OrderedDict()

    def describe(self, address: Address) -> ObjectInfo:
        """What the store tells of an image. Raises VersionGoneError, ServiceError."""
        with self._lock:
            found = self._described.get(address)
        if found is None:
            found = self._store(address).head(address.key, address.version)
            with self._lock:
                self._described[address] = found
                while len(self._described) > MOST_DESCRIBED:
                    self._described.popitem(last=False)
        return found

    def open(self, address: Address) -> KeptImage:
        """The image, with its pixels at hand. Raises what reading its header and pixels raises."""
        return self._memory.take(address, lambda: self._opened(address))

    def source(self, address: Address) -> ObjectSource:
        """The bytes of an image. Raises as :meth:`describe`."""
        info = self.describe(address)
        return ObjectSource(self._store(address), address.key, address.version or info.version, info.size)

    def _opened(self, address: Address) -> KeptImage:
        source, settings = self.source(address), self._settings
        opened = Opened(source, settings.limits, image_bytes=settings.image_bytes, page=address.page)
        opened.prepare()
        return KeptImage(opened, source, settings.limits, turn=self._turn)

    def _store(self, address: Address) -> ObjectStore:
        return self._system.inputs if address.side == "input" else self._system.outputs


def address_of(row: Job, side: Side) -> Address:
    """Where the image of a job is, of an input with its page. Raises ProblemError where there is none (yet): 404, ``no_image``."""
    if side == "input":
        if not row.key:
            raise not_there("no_image", "The job is about a message that nobody can read; it has no image.")
        return Address("input", row.key, row.version, _page_of(row.pipeline))
    if not row.result_key:
        raise not_there("no_image", f"The job is {row.state}: it has no result.")
    if kind_of(row.result_key) is not ResultKind.IMAGE:
        raise not_there(
            "no_image", "The job's result is no image that a viewer reads: it is a report or an archive."
        )
    # named by what is done to which version of which image, and never written over
    return Address("result", row.result_key, None)


def is_settled(row: Job, side: Side) -> bool:
    """Whether what is shown of a side never changes: a worker may choose a pipeline about another page of the file."""
    return side == "result" or bool(row.pipeline)


def _page_of(pipeline: str) -> int | None:
    """The page of its image that a job's pipeline reads, where it names one that this process understands."""
    try:
        return parse(pipeline).page if pipeline else None
    except PipelineError:
        # an own operation that this process was not told of
        return None
