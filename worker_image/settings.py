"""What a worker host is told by its environment, read once when the supervisor starts."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tilework.aws.settings import Deployment
from tilework.environment import number
from tilework.imaging.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

LEASE_SECONDS = 60.0
"""How long a job of a dead host waits for the next one, at most."""

POLL_SECONDS = 10.0
"""How long a receive waits: below SQS's 20, because a drain waits for the last one."""

RANKS_FOR_JOBS = 1
"""So that a photo never waits for a unit of a large image, as long as photos come."""

DEFAULT_PIPELINE = "blur(9)"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """A host's own settings beside the deployment's addresses.

    ``ranks`` of the world that compute; ``directory`` for everything the world leaves on disk, removable;
    ``lease_seconds`` a job is held before it must be renewed; ``poll_seconds`` a receive waits for a message.
    ``ranks_for_jobs`` are kept free of units while jobs come; one of several ranks is units' own while units come.
    ``ready_file`` is written once the host takes work. ``extra_operations`` names a module of own operations.
    """

    deployment: Deployment
    ranks: int
    host: str
    directory: Path
    lease_seconds: float = LEASE_SECONDS
    poll_seconds: float = POLL_SECONDS
    ranks_for_jobs: int = RANKS_FOR_JOBS
    default_pipeline: str = DEFAULT_PIPELINE
    extra_operations: str = ""
    ready_file: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> WorkerSettings:
        """Read all settings. Raises SettingsError naming the variable that misses or makes no sense."""
        ready = environ.get("TILEWORK_READY_FILE")
        return cls(
            deployment=Deployment.from_environment(environ),
            ranks=int(number(environ, "TILEWORK_RANKS", os.cpu_count() or 1, 1, 1024)),
            host=environ.get("TILEWORK_HOST_NAME") or socket.gethostname(),
            directory=Path(environ.get("TILEWORK_DIRECTORY", "tilework-world")).absolute(),
            lease_seconds=number(environ, "TILEWORK_LEASE_SECONDS", LEASE_SECONDS, 1, 43_200),
            poll_seconds=number(environ, "TILEWORK_POLL_SECONDS", POLL_SECONDS, 0, 20),
            ranks_for_jobs=int(number(environ, "TILEWORK_RANKS_FOR_JOBS", RANKS_FOR_JOBS, 0, 1024)),
            default_pipeline=environ.get("TILEWORK_DEFAULT_PIPELINE", DEFAULT_PIPELINE),
            extra_operations=environ.get("TILEWORK_EXTRA_OPERATIONS", ""),
            ready_file=Path(ready) if ready else None,
            limits=Limits.from_environment(environ),
        )

    @property
    def capacity(self) -> int:
        """Jobs held at once: what the ranks work on and as many again, so that no rank waits for a claim."""
        return 2 * self.ranks + 2

    @property
    def unit_capacity(self) -> int:
        """Units held at once: a few more than are worked on, so that no rank waits, and other hosts get the rest."""
        return self.ranks + max(1, self.ranks // 4)

    @property
    def leases(self) -> int:
        """Places on the board of leases: those of jobs, then those of units."""
        return self.capacity + self.unit_capacity
