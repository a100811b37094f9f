"""What the starter of a world and the agents on its other hosts tell each other, over ssh."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.world.slots import Slot

GREETING = b"tilework host agent\n"
"""What an agent says first: whatever a login prints before it is none of ours."""

BEAT_SECONDS = 1.0
"""How often each end gives a sign of life."""

AGENT_PATIENCE = 10.0
"""Seconds of silence after which an agent takes its starter for gone, and ends its ranks."""


class Hello(NamedTuple):
    """Agent to starter: who is here. ``address`` is its own, ``starter`` the starter's as it is seen from here.

    ``network`` is the network of ``address`` (10.1.2.0/24); ``version`` of Tilework and Python; ``uid`` the user's.
    """

    hostname: str
    address: str
    starter: str
    network: str
    version: str
    cores: int
    uid: int


class Beat(NamedTuple):
    """Agent to starter: still here at ``stamp`` (this host's boottime), and what the ranks of this host do."""

    stamp: float
    slots: Mapping[int, Slot]


class Heard(NamedTuple):
    """Starter to agent: an answer to the beat of ``stamp``, with what the starter's ``bulletin`` says now."""

    stamp: float
    bulletin: bytes | None


class See(NamedTuple):
    """Starter to agent: look whether these paths are there."""

    paths: tuple[str, ...]


class Seen(NamedTuple):
    """Agent to starter: those of them that are not."""

    missing: tuple[str, ...]


class Begin(NamedTuple):
    """Starter to agent: a world begins. ``ranks`` are those of this host, of ``size`` in all.

    ``folder`` is to be made, for all that the world leaves on this host; ``environment`` is for the ranks.
    """

    folder: str
    size: int
    ranks: range
    initializer: bytes
    environment: Mapping[str, str]


class Begun(NamedTuple):
    """Agent to starter: the folder is there, or why it is not."""

    fault: str


class Run(NamedTuple):
    """Starter to agent: run this command, MPI's daemon, in the world that has begun."""

    command: str


class RunEnded(NamedTuple):
    """Agent to starter: the command has ended."""

    status: int


class Watch(NamedTuple):
    """Starter to agent: all ranks are there; watch those of this host."""


class Watching(NamedTuple):
    """Agent to starter: they are watched, and this is what they do; or they are not those that were foreseen."""

    complete: bool
    slots: Mapping[int, Slot]


class Died(NamedTuple):
    """Agent to starter: these ranks have died, ``overdue`` ones by the agent's hand; what they did when they died."""

    slots: Mapping[int, Slot]
    overdue: frozenset[int]


class End(NamedTuple):
    """Starter to agent: the world is over. Kill what is left, and remove its folder."""


class Ended(NamedTuple):
    """Agent to starter: it is done."""
