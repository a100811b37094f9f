"""What a worker host is told by its environment, read once when the supervisor starts."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tilework.aws.settings import Deployment
from tilework.checks.ranks import cores_here, folder_of, ranks_of
from tilework.environment import number
from tilework.imaging.limits import Limits
from tilework.logs import LogSettings
from tilework.world.spread.shares import HostShare, own_ranks, parse_hosts
from tilework.world.spread.ssh import key_of
from worker_image.departure import DRAIN_SECONDS, LONGEST_DRAIN
from worker_image.shares import Shares, quarter

if TYPE_CHECKING:
    from collections.abc import Mapping

LEASE_SECONDS = 60.0
"""How long a job of a dead host waits for the next one, at most."""

POLL_SECONDS = 10.0
"""How long a receive waits: below SQS's 20, because a drain waits for the last one."""

SIGN_SECONDS = 15.0
"""Between two signs of life of a host at work: 0.0006 USD an hour at most, less than a hundredth of the host."""

START_SECONDS = 300.0
"""How long a host that starts waits for services that do not answer; then whoever started it shall know."""

DEFAULT_PIPELINE = "blur(9)"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """A host's own settings beside the deployment's addresses.

    ``ranks`` of the world that compute, and who gets how many of them; ``directory`` for everything the world leaves on
    disk, removable; ``lease_seconds`` a job is held before it must be renewed; ``poll_seconds`` a receive waits for a
    message.
    ``ready_file`` is written once the host takes work. ``extra_operations`` names a module of own operations.
    ``drain_seconds`` what runs may go on when the host has to leave; ``start_seconds`` services may be silent at first.
    ``metadata_url`` of an EC2 host's own metadata, ``fleet_group``, ``launch_hook`` and ``termination_hook`` of its Auto
    Scaling group: empty elsewhere.
    ``sign_seconds`` lie between two signs of life of a host at work, four times as many where it is idle; 0: none.
    ``deployment_name`` is what the metrics are told apart by; without one none are written.
    With ``hosts`` the world is theirs, and ``ranks`` those of all; ``hosts_key`` lets it in there.
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
    drain_seconds: float = DRAIN_SECONDS
    start_seconds: float = START_SECONDS
    sign_seconds: float = SIGN_SECONDS
    metadata_url: str = ""
    fleet_group: str = ""
    launch_hook: str = ""
    termination_hook: str = ""
    hosts: tuple[HostShare, ...] = ()
    hosts_key: Path | None = None
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
            directory=folder_of(environ),
            lease_seconds=number(environ, "TILEWORK_LEASE_SECONDS", LEASE_SECONDS, 1, 43_200),
            poll_seconds=number(environ, "TILEWORK_POLL_SECONDS", POLL_SECONDS, 0, 20),
            default_pipeline=environ.get("TILEWORK_DEFAULT_PIPELINE", DEFAULT_PIPELINE),
            extra_operations=environ.get("TILEWORK_EXTRA_OPERATIONS", ""),
            ready_file=Path(ready) if ready else None,
            drain_seconds=number(environ, "TILEWORK_DRAIN_SECONDS", DRAIN_SECONDS, 0, LONGEST_DRAIN),
            start_seconds=number(environ, "TILEWORK_START_SECONDS", START_SECONDS, 0, 86_400),
            sign_seconds=number(environ, "TILEWORK_SIGN_SECONDS", SIGN_SECONDS, 0, 3600),
            metadata_url=environ.get("TILEWORK_METADATA_URL", "").strip(),
            fleet_group=environ.get("TILEWORK_FLEET_GROUP", "").strip(),
            launch_hook=environ.get("TILEWORK_LAUNCH_HOOK", "").strip(),
            termination_hook=environ.get("TILEWORK_TERMINATION_HOOK", "").strip(),
            hosts=_hosts(environ, limits),
            hosts_key=key_of(environ),
            limits=limits,
            logs=LogSettings.from_environment(environ),
            deployment_name=environ.get("TILEWORK_DEPLOYMENT_NAME", ""),
        )

    @property
    def ranks(self) -> int:
        """Ranks that compute."""
        return self.shares.ranks

    @property
    def own_ranks(self) -> int:
        """Those of them that compute on this host."""
        return own_ranks(self.hosts, socket.gethostname()) if self.hosts else self.ranks

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


def _hosts(environ: Mapping[str, str], limits: Limits) -> tuple[HostShare, ...]:
    named = environ.get("TILEWORK_HOSTS", "").strip()
    return parse_hosts(named, ranks_of(environ, limits)) if named else ()


def _shares(environ: Mapping[str, str], limits: Limits) -> Shares:
    hosts = _hosts(environ, limits)
    ranks = sum(host.ranks for host in hosts) if hosts else ranks_of(environ, limits)
    kept = int(number(environ, "TILEWORK_RANKS_FOR_JOBS", quarter(ranks), 0, 1024))
    # the other hosts are taken to be like this one
    return Shares(ranks, kept, cores_here() * max(1, len(hosts)))
