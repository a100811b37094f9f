"""Object versions that no job is known of: told again as their events should have told them.

The row is written before the message is sent: where the two are torn apart, the row shows no sign of life, and the
keeper finds it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING

from tilework.errors import RefusedError, VersionGoneError
from tilework.jobs.job import Ask, Drop
from tilework.jobs.messages import body_of
from tilework.jobs.object_keys import is_folder_marker, is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tilework.jobs.life import JobLife
    from tilework.jobs.stores import ObjectVersion
    from tilework.jobs.system import System

BACKFILL_NOTE = "Lay in the bucket without a job; queued by a backfill."

AT_ONCE = 16
"""Versions that are looked up at the same time."""

KEYS_AT_ONCE = 128
"""Keys between two looks at the clock."""


def ask_of_version(system: System, version: ObjectVersion) -> Ask:
    """What the event of ``version`` told."""
    return Ask(Drop(system.inputs.bucket, version.key, version.version))


def take_up(system: System, life: JobLife, version: ObjectVersion, note: str) -> bool:
    """Give a version without a row QUEUED and a message; False where it has a row, or is gone."""
    ask = ask_of_version(system, version)
    if system.table.get(ask.job_id) is not None:
        return False
    try:
        named = named_by_its_object(system, ask)
    except VersionGoneError:
        return False
    if not life.requeue(named, None, note=note):
        return False
    system.jobs.send(body_of(named))
    return True


def named_by_its_object(system: System, ask: Ask) -> Ask:
    """``ask`` with the owner and batch that its object's metadata name. Raises VersionGoneError."""
    try:
        told = system.inputs.head(ask.drop.key, ask.drop.version).metadata
    except RefusedError:
        # its worker will be refused as well, and can end the job with the reason
        return ask
    return replace(ask, owner=told.get("owner", ""), batch=told.get("batch", ""))


def find_unheard(system: System, job_id: str) -> Ask | None:
    """The version whose event tells ``job_id``, of which the table knows nothing yet; None where there is none.

    An id does not tell its key, so the whole input bucket is listed: a thousand versions a request.
    """
    asks = (ask_of_version(system, version) for version in system.inputs.versions())
    return next((ask for ask in asks if ask.job_id == job_id), None)


@dataclass(frozen=True, slots=True)
class Backfilled:
    """How many versions were looked at, and how many of them got a job.

    ``after`` is the last key that was looked at where there was no time for all, else empty: begin behind it.
    """

    seen: int = 0
    queued: int = 0
    after: str = ""


@dataclass(frozen=True, slots=True)
class Backfill:
    """What shall be looked through: keys that begin with ``prefix``, behind ``after``.

    Of each key the latest version, or every one. With ``only_look`` nothing is queued.
    """

    prefix: str
    after: str = ""
    every_version: bool = False
    only_look: bool = False

    def run(self, system: System, life: JobLife, more: Callable[[Backfilled], bool]) -> Backfilled:
        """Do it for as long as ``more`` says so, which is told how far it has come.

        Folder markers and Tilework's own objects are passed over. Doing it twice is doing it once: what has a row is left alone.
        """
        found = system.inputs.versions(self.prefix, after=self.after)
        keys = groupby(found, attrgetter("key"))
        seen = queued = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while some := [(key, list(versions)) for key, versions in islice(keys, KEYS_AT_ONCE)]:
                wanted = [version for _, versions in some for version in self._wanted(versions)]
                seen += len(wanted)
                queued += sum(pool.map(lambda version: self._queued(system, life, version), wanted))
                reached = Backfilled(seen, queued, some[-1][0])
                if not more(reached):
                    return reached
        return Backfilled(seen, queued)

    def _wanted(self, versions: Iterable[ObjectVersion]) -> list[ObjectVersion]:
        return [
            version
            for version in versions
            if (version.is_latest or self.every_version)
            and not is_folder_marker(version.key, version.size)
            and not is_ours(version.key)
        ]

    def _queued(self, system: System, life: JobLife, version: ObjectVersion) -> bool:
        if self.only_look:
            return system.table.get(ask_of_version(system, version).job_id) is None
        return take_up(system, life, version, BACKFILL_NOTE)
