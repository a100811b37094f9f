"""What a failure means for its job or unit: the one table, which hosts go by and docs/failures.md prints."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from tilework.errors import (
    AccessDeniedError,
    DiskFullError,
    FolderMarkerError,
    LeaseLostError,
    ServiceError,
    SettingsError,
    ThrottledError,
    TileworkError,
    VersionGoneError,
    WorldDiedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fate(Enum):
    """What follows; the text is how the documents tell it."""

    FAILED = "the job is FAILED at once, its message deleted"
    SKIPPED = "the job is SKIPPED at once, its message deleted"
    ATTEMPT = "tried again after a pause; five such attempts end the job"
    LOSS = "tried again after a pause; twenty such losses end the job"
    SLOWED = "handed back after a pause, and costs nothing; the host takes work more slowly"
    HANDED_BACK = "handed back for a minute, and costs nothing: another host may be able"
    LEFT = "nothing: somebody else has the job"


FATES: tuple[tuple[type[TileworkError], Fate], ...] = (
    (LeaseLostError, Fate.LEFT),
    # what is wrong with this host or its role, never with the image
    (SettingsError, Fate.HANDED_BACK),
    (AccessDeniedError, Fate.HANDED_BACK),
    (VersionGoneError, Fate.SKIPPED),
    (FolderMarkerError, Fate.SKIPPED),
    (ThrottledError, Fate.SLOWED),
    (ServiceError, Fate.LOSS),
    (DiskFullError, Fate.LOSS),
    # one after the other, around it
    (WorldDiedError, Fate.LOSS),
)
"""The first kind that fits decides. Others are FAILED where they are permanent, else they cost an ATTEMPT."""


def fate_of(failure: TileworkError | type[TileworkError]) -> Fate:
    """What ``failure`` means for the job whose work it ended; one that may have ended its world has used an attempt."""
    if isinstance(failure, WorldDiedError) and failure.suspect:
        return Fate.ATTEMPT
    kind = failure if isinstance(failure, type) else type(failure)
    for each, fate in FATES:
        if issubclass(kind, each):
            return fate
    return Fate.FAILED if kind.permanent else Fate.ATTEMPT


def kinds(root: type[TileworkError] = TileworkError) -> Iterator[type[TileworkError]]:
    """Every kind of failure there is, each after the one it is a kind of."""
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)
