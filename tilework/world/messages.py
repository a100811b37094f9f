"""What the starter of a world and its ranks tell each other, and how the ranks find their starter."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

TICKET_VARIABLE = "TILEWORK_WORLD_TICKET"
"""Holds the :class:`Ticket` as JSON in each rank's environment."""


class Order(NamedTuple):
    """Starter to rank 0 to a rank: do this call."""

    task: int
    call: bytes


class Outcome(NamedTuple):
    """A rank to rank 0 to the starter: what came of it."""

    task: int
    outcome: bytes


class Ready(NamedTuple):
    """Rank 0 to the starter: all ranks are there. ``pids`` by rank."""

    pids: tuple[int, ...]


class Leave(NamedTuple):
    """Starter to rank 0: finish what there is, and leave in order."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a rank needs to join its world: ``directory``, the ``token`` in all names, the channel's ``key`` (hex).

    ``task_seconds`` is what each task has to begin with, None for all the time it likes. ``address`` is the starter's
    in the network of a world over several hosts, where ``directory`` is another one on each; empty on one host.
    """

    directory: str
    token: str
    key: str
    task_seconds: float | None = None
    address: str = ""

    @property
    def channel(self) -> str:
        """The channel's abstract AF_UNIX address: a path may only have 107 bytes, and stays when its owner is killed."""
        return f"\0tilework-{self.token}"

    @property
    def authkey(self) -> bytes:
        """Proves both ends of the channel to each other."""
        return bytes.fromhex(self.key)

    @property
    def slots(self) -> Path:
        """The blame slots' file."""
        return Path(self.directory) / "slots"

    @property
    def initializer(self) -> Path:
        """The :class:`Initializer`'s file."""
        return Path(self.directory) / "initializer"

    def variables(self) -> dict[str, str]:
        """As the ranks' environment."""
        return {TICKET_VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Ticket:
        """The inverse of :meth:`variables`."""
        return cls(**json.loads(environ[TICKET_VARIABLE]))


@dataclass(frozen=True, slots=True)
class Initializer:
    """What each computing rank calls once: ``name`` is ``module:function``, or empty for nothing."""

    name: str
    args: tuple[Any, ...]

    def save(self, path: Path) -> None:
        """Write it for the ranks. Raises whatever pickling raises."""
        path.write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, path: Path) -> Initializer:
        """Read it back."""
        initializer = pickle.loads(path.read_bytes())  # noqa: S301 - our own file in our own directory
        if not isinstance(initializer, cls):
            raise TypeError(f"{path} holds no initializer")
        return initializer

    def run(self) -> None:
        """Call it. Raises what it raises."""
        if self.name:
            module, _, function = self.name.partition(":")
            getattr(import_module(module), function)(*self.args)
