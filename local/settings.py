"""What `make run` may be told, read once from the environment, and where on the disk everything lies."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from stacks.settings import PYTHONS
from tilework.checks.ranks import ranks_here
from tilework.errors import SettingsError
from tilework.imaging.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"

ROOT: Final = Path(__file__).resolve().parent.parent

CONTEXT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "emulated": "true",
        # the local master has the keeper in it, and the preview beside it
        "keeper": "elsewhere",
        "preview": "false",
        # names that stay the same when all but the objects is lost
        "bucket_prefix": "tilework-local",
        # no host is started there, and no Docker is needed for an image that nobody pulls
        "worker_image_uri": "none.invalid/worker:local",
        # the embedded AWS runs Lambdas by its own interpreter, whatever they ask for
        "lambda_python": _PYTHON if _PYTHON in PYTHONS else PYTHONS[-1],
    }
)
"""The settings of the stack as it is deployed to the embedded AWS; all others are the user's own."""

MOST_RANKS: Final = 256
MOST_SUPERVISORS: Final = 64
"""More than a machine has use for; a typing error should not start ten thousand processes."""

UPLOAD_LIMIT_BYTES: Final = 500_000_000
"""Largest upload that the local master allows. The embedded AWS keeps every image dropped since its start in memory,
and needs as much again while one arrives; from its next start on it reads them from the disk."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie: ``state`` belongs to one system, ``shared`` (tools, caches) to all of the checkout."""

    state: Path
    shared: Path

    @property
    def logs(self) -> Path:
        """One file a program or step."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """What only means something while the system runs; emptied at each start."""
        return self.state / "run"

    @property
    def temporary(self) -> Path:
        """TMPDIR of everything that is started; emptied at each start and stop."""
        return self.state / "tmp"

    @property
    def emulator(self) -> Path:
        """The embedded AWS's own: its state and its objects."""
        return self.state / "emulator"

    @property
    def samples(self) -> Path:
        """The generated picture, and what was dropped."""
        return self.state / "samples"

    @property
    def environment_file(self) -> Path:
        """What another terminal needs to join, while the system runs."""
        return self.state / "local.env"

    @property
    def dirty_marker(self) -> Path:
        """There while the embedded AWS runs: found at a start, it tells that there was no clean stop."""
        return self.emulator / "not-stopped-cleanly"

    @property
    def restore_marker(self) -> Path:
        """There from the moment that a crash's state is mended until the job table is filled again."""
        return self.emulator / "job-table-is-empty"

    @property
    def tools(self) -> Path:
        """The CDK command line."""
        return self.shared / "build"

    @property
    def cache(self) -> Path:
        """What npm and the CDK keep between runs."""
        return self.shared / "cache"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """One local system.

    ``ranks`` a host computes with, ``supervisors`` hosts, ``port`` of the page (None: a free one, 8000 if it is),
    ``once`` ends after the samples; ``samples``: True drops all of them anew, False none, None those that miss.
    """

    places: Places
    ranks: int
    supervisors: int
    port: int | None = None
    once: bool = False
    samples: bool | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], root: Path = ROOT) -> LocalSettings:
        """Read all settings; raise SettingsError naming the variable that makes no sense."""
        shared = root / ".tilework"
        state = Path(environ.get("TILEWORK_STATE") or shared).absolute()
        once = _truth(environ, "ONCE") or False
        samples = _truth(environ, "SAMPLES")
        # none at all leaves the queues to a worker that somebody starts by hand
        hosts = _number(environ, "SUPERVISORS", MOST_SUPERVISORS, lowest=0)
        if samples is None and (once or hosts == 0):
            samples = once
        return cls(
            places=Places(state=state, shared=shared),
            ranks=_number(environ, "RANKS", MOST_RANKS) or ranks_here(Limits.from_environment(environ)),
            supervisors=1 if hosts is None else hosts,
            port=_number(environ, "PORT", 65_535),
            once=once,
            samples=samples,
        )


def _number(environ: Mapping[str, str], name: str, highest: int, lowest: int = 1) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise SettingsError(
            f"{name} must be a whole number from {lowest} to {highest}, not {text!r}.",
            advice=f"Say for example `make run {name}=2`, or leave it out.",
        )
    return int(text)


def _truth(environ: Mapping[str, str], name: str) -> bool | None:
    text = environ.get(name, "").strip().lower()
    if text not in {"", "0", "1"}:
        raise SettingsError(
            f"{name} must be 1 or 0, not {text!r}.", advice=f"Say `make run {name}=1`, or leave it out."
        )
    return None if not text else text == "1"
