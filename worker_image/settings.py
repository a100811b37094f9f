"""What a worker host is told by its environment, read once when the supervisor starts."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tilework.aws.settings import Deployment
from tilework.environment import number
from tilework.guard.memory import SLACK
from tilework.imaging.limits import Limits
from tilework.logs import LogSettings
from worker_image.shares import Shares, quarter

if TYPE_CHECKING:
    from collections.abc import Mapping

LEASE_SECONDS = 60.0
"""How long a job of a dead host waits for the next one, at most."""

POLL_SECONDS = 10.0
"""How long a receive waits: below SQS's 20, because a drain waits for the last one."""

RANKS_A_CORE = 2
"""More ranks than cores, so that a core has work while a rank waits for S3, and a rank is free when a photo comes."""

DEFAULT_PIPELINE = "blur(9)"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """A host's own settings beside the deployment's addresses.

    ``ranks`` of the world that compute, and who gets how many of them; ``directory`` for everything the world leaves on
    disk, removable; ``lease_seconds`` a job is held before it must be renewed; ``poll_seconds`` a receive waits for a
    message.
    ``ready_file`` is written once the host takes work. ``extra_operations`` names a module of own operations.
    ``deployment_name`` is what the metrics are told apart by; without one none are written.
    """

    deployment: Deployment
    shares: Shares
    host: str
    directory: Path
    lease_seconds: float = LEASE_SECONDS
    poll_seconds: float = POLL_SECONDS
    default_pipeline: str = DEFAULT_PIPELINE
    extra_operations: str = ""
    ready_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    logs: LogSettings = field(default_factory=LogSettings)
    deployment_name: str = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> WorkerSettings:
        """Read all settings. Raises SettingsError naming the variable that misses or makes no sense."""
        ready = environ.get("TILEWORK_READY_FILE")
        limits = Limits.from_environment(environ)
        return cls(
            deployment=Deployment.from_environment(environ),
            shares=_shares(environ, limits),
            host=environ.get("TILEWORK_HOST_NAME") or socket.gethostname(),
            directory=Path(environ.get("TILEWORK_DIRECTORY", "tilework-world")).absolute(),
            lease_seconds=number(environ, "TILEWORK_LEASE_SECONDS", LEASE_SECONDS, 1, 43_200),
            poll_seconds=number(environ, "TILEWORK_POLL_SECONDS", POLL_SECONDS, 0, 20),
            default_pipeline=environ.get("TILEWORK_DEFAULT_PIPELINE", DEFAULT_PIPELINE),
            extra_operations=environ.get("TILEWORK_EXTRA_OPERATIONS", ""),
            ready_file=Path(ready) if ready else None,
            limits=limits,
            logs=LogSettings.from_environment(environ),
            deployment_name=environ.get("TILEWORK_DEPLOYMENT_NAME", ""),
        )

    @property
    def ranks(self) -> int:
        """Ranks that compute."""
        return self.shares.ranks

    @property
    def capacity(self) -> int:
        """Jobs held at once: what the ranks work on and as many again, so that no rank waits for a claim."""
        return 2 * self.ranks + 2

    @property
    def unit_capacity(self) -> int:
        """Units held at once: a few more than are worked on, so that no rank waits, and other hosts get the rest."""
        return self.shares.most_units + quarter(self.ranks)

    @property
    def leases(self) -> int:
        """Places on the board of leases: those of jobs, then those of units."""
        return self.capacity + self.unit_capacity


def usual_ranks(cores: int, memory: int, limits: Limits) -> int:
    """Ranks of a host of ``memory`` bytes: RANKS_A_CORE, where each can have one image's working set, else fewer.

    Never fewer than ``cores``.
    """
    return max(cores, min(RANKS_A_CORE * cores, memory // (limits.working_set + SLACK)))


def ranks_here(limits: Limits) -> int:
    """The usual ranks of this machine."""
    return usual_ranks(_cores(), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), limits)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _shares(environ: Mapping[str, str], limits: Limits) -> Shares:
    ranks = int(number(environ, "TILEWORK_RANKS", ranks_here(limits), 1, 1024))
    kept = int(number(environ, "TILEWORK_RANKS_FOR_JOBS", quarter(ranks), 0, 1024))
    return Shares(ranks, kept, _cores())
