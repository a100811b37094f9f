"""The master's Lambda zip, built without Docker: locked packages once, over the network; our sources at each synth.

``python -m stacks.lambda_build`` downloads the packages that master/requirements.txt locks, for Lambda's processor
and Python, into ``.tilework/build``; :func:`bundle` then joins them with the sources, without a network, into a zip
whose bytes depend on its content only.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stacks.settings import INSTANCE_TYPES, PYTHONS, Settings
from tilework.errors import SetupError, TileworkError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

SOURCES: Final = ("master", "tilework")

SERVICES: Final = frozenset({"autoscaling", "cloudwatch", "dynamodb", "events", "s3", "sqs", "sts"})
"""What the master may ask of AWS: botocore's descriptions of four hundred other services are most of its files, and each
start of a function unpacks all of them."""

SCHEMA: Final = "2"
"""Raised when this module makes something else of the same lock."""

ZIPPED_LIMIT: Final = 50 * 1024**2
"""Bytes of a zip that Lambda takes directly; source: "Lambda quotas"."""

UNZIPPED_LIMIT: Final = 250 * 1024**2
"""Bytes of an unpacked function; source: "Lambda quotas"."""

WHEEL_PLATFORMS: Final = {"x86_64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}
"""glibc 2.17: every wheel that says so runs on Lambda's Amazon Linux 2023."""

_LEFT_OUT: Final = ("bin", "__pycache__", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""What tells of the machine that installed: scripts with its paths, its byte code, its records."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaBuild:
    """One processor and Python version; ``root`` is the checkout, ``cache`` where builds are kept."""

    architecture: str
    python: str
    root: Path = ROOT
    cache: Path = ROOT / ".tilework" / "build" / "lambda"

    @classmethod
    def of(cls, settings: Settings) -> LambdaBuild:
        """The build that a deployment with these settings needs."""
        return cls(architecture=settings.architecture, python=settings.lambda_python)

    @property
    def lock(self) -> Path:
        """The packages, pinned and hashed."""
        return self.root / "master" / "requirements.txt"

    @property
    def packages(self) -> Path:
        """Where the installed packages lie: named by all that decides on them."""
        digest = hashlib.sha256(f"{SCHEMA} {self.architecture} {self.python}\n".encode())
        digest.update(self.lock.read_bytes())
        return self.cache / digest.hexdigest()[:16]

    @property
    def command(self) -> str:
        """What to type to have the packages."""
        return f".venv/bin/python -m stacks.lambda_build --architecture {self.architecture} --python {self.python}"

    def install(self) -> None:
        """Download and unpack the packages, unless they are there. Raises SetupError where pip cannot."""
        if self.packages.is_dir():
            return
        partial = self.packages.with_suffix(f".partial-{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        done = subprocess.run(self._pip(partial), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(partial, ignore_errors=True)
            raise SetupError(
                f"pip could not install the packages of {self.lock.relative_to(self.root)} for Lambda:\n"
                f"{done.stderr.strip()[-2000:]}",
                advice="Check the network, then run the same command again.",
            )
        for left_over in _left_over(partial):
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        for service in _other_services(partial):
            shutil.rmtree(service)
        try:
            partial.rename(self.packages)
        except OSError:
            # somebody who built the same at the same time was quicker
            if not self.packages.is_dir():
                raise
            shutil.rmtree(partial)

    def bundle(self, plugins: Path | None = None) -> Path:
        """Return the zip of packages, sources and unpacked ``plugins``, made if need be.

        Raises SetupError where the packages miss, or a plugin brings a file that they, or Tilework, have.
        """
        if not self.packages.is_dir():
            raise SetupError(
                "The packages of the master's Lambda are not built yet.",
                advice=f"Run `{self.command}` first.",
            )
        theirs, sources = dict(_files(plugins) if plugins else ()), dict(self._sources())
        if theirs and (taken := theirs.keys() & {*sources, *dict(_files(self.packages))}):
            raise SetupError(
                f"A plugin brings {min(taken)}, which is in the master's zip already.",
                advice="Give the package's modules names of their own.",
            )
        sources |= theirs
        digest = hashlib.sha256()
        for name, path in sorted(sources.items()):
            content = path.read_bytes()
            digest.update(f"{name} {len(content)}\n".encode() + content)
        target = self.cache / f"{self.packages.name}-{digest.hexdigest()[:16]}.zip"
        if not target.is_file():
            for stale in self.cache.glob(f"{self.packages.name}-*.zip"):
                stale.unlink()
            _write_zip(target, {**dict(_files(self.packages)), **sources})
        return target

    def _pip(self, target: Path) -> list[str]:
        options = ["--only-binary=:all:", "--require-hashes", "--no-deps", "--no-compile", "--quiet"]
        options += ["--platform", WHEEL_PLATFORMS[self.architecture], "--python-version", self.python]
        options += ["--implementation", "cp", "--target", str(target), "--requirement", str(self.lock)]
        return [sys.executable, "-m", "pip", "install", *options]

    def _sources(self) -> Iterator[tuple[str, Path]]:
        for package in SOURCES:
            for name, path in _files(self.root / package):
                if name != "requirements.txt":
                    yield f"{package}/{name}", path


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """All files under ``folder``, byte code aside, by their name relative to it."""
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path


def _left_over(installed: Path) -> list[Path]:
    return [
        path
        for path in installed.rglob("*")
        if path.name in _LEFT_OUT and _is_of_the_install(path, installed)
    ]


def _other_services(installed: Path) -> list[Path]:
    described = installed / "botocore" / "data"
    return [path for path in described.glob("*") if path.is_dir() and path.name not in SERVICES]


def _is_of_the_install(path: Path, installed: Path) -> bool:
    return path.name == "__pycache__" or path.parent == installed or path.parent.name.endswith(".dist-info")


def _write_zip(target: Path, files: dict[str, Path]) -> None:
    partial = target.with_suffix(f".partial-{os.getpid()}")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16  # Lambda reads its code as another user
            archive.writestr(entry, path.read_bytes())
    partial.rename(target)


def main(arguments: list[str] | None = None) -> int:
    """Install the packages for the processor and Python named; 0 when they are there, else 1."""
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m stacks.lambda_build", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--architecture", choices=sorted(INSTANCE_TYPES), default=default.architecture)
    parser.add_argument("--python", choices=PYTHONS, default=default.lambda_python)
    chosen = parser.parse_args(arguments)
    try:
        LambdaBuild(architecture=chosen.architecture, python=chosen.python).install()
    except TileworkError as error:
        sys.stderr.write(f"{error.reason}\n{error.advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
