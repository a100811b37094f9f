"""Our Lambda zips, built without Docker: locked packages once, over the network; our sources at each synth.

``python -m stacks.lambda_build`` downloads the packages that master/requirements.txt, or preview/requirements.txt, locks,
for Lambda's processor and Python, into ``.tilework/build``; :func:`bundle` then joins them with the sources, without a
network, into a zip whose bytes depend on its content only.
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

from stacks.lambda_contents import MASTER, PREVIEW, Contents
from stacks.settings import INSTANCE_TYPES, PYTHONS, Settings
from tilework.errors import SetupError, TileworkError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

SCHEMA: Final = "3"
"""Raised when this module makes something else of the same lock."""

ZIPPED_LIMIT: Final = 50 * 1024**2
"""Bytes of a zip that Lambda takes directly; source: "Lambda quotas"."""

ZIPS: Final = {each.name: each for each in (MASTER, PREVIEW)}

_LEFT_OUT: Final = ("bin", "__pycache__", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""What tells of the machine that installed: scripts with its paths, its byte code, its records."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaBuild:
    """One zip for one processor and Python version; ``root`` is the checkout, ``cache`` where builds are kept."""

    architecture: str
    python: str
    contents: Contents = MASTER
    root: Path = ROOT
    cache: Path = ROOT / ".tilework" / "build" / "lambda"

    @classmethod
    def of(cls, settings: Settings, contents: Contents = MASTER) -> LambdaBuild:
        """The build that a deployment with these settings needs."""
        return cls(architecture=settings.architecture, python=settings.lambda_python, contents=contents)

    @property
    def lock(self) -> Path:
        """The packages, pinned and hashed."""
        return self.root / self.contents.name / "requirements.txt"

    @property
    def packages(self) -> Path:
        """Where the installed packages lie: named by all that decides on them."""
        asked = f"{SCHEMA} {self.architecture} {self.python} {sorted(self.contents.services)} {self.contents.left_out} {self.contents.kept}\n"
        digest = hashlib.sha256(asked.encode())
        digest.update(self.lock.read_bytes())
        return self.cache / digest.hexdigest()[:16]

    @property
    def command(self) -> str:
        """What to type to have the packages."""
        of = f" --of {self.contents.name}" if self.contents is not MASTER else ""
        return f".venv/bin/python -m stacks.lambda_build --architecture {self.architecture} --python {self.python}{of}"

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
        for service in _other_services(partial, self.contents.services):
            shutil.rmtree(service)
        for name, path in list(_files(partial)):
            if self.contents.leaves_out(name):
                path.unlink()
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
                f"The packages of the {self.contents.name}'s Lambda are not built yet.",
                advice=f"Run `{self.command}` first.",
            )
        theirs, sources = dict(_files(plugins) if plugins else ()), dict(self._sources())
        if theirs and (taken := theirs.keys() & {*sources, *dict(_files(self.packages))}):
            raise SetupError(
                f"A plugin brings {min(taken)}, which is in the {self.contents.name}'s zip already.",
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
        for platform in self.contents.wheels[self.architecture]:
            options += ["--platform", platform]
        options += ["--python-version", self.python]
        options += ["--implementation", "cp", "--target", str(target), "--requirement", str(self.lock)]
        return [sys.executable, "-m", "pip", "install", *options]

    def _sources(self) -> Iterator[tuple[str, Path]]:
        for package in self.contents.sources:
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


def _other_services(installed: Path, wanted: frozenset[str]) -> list[Path]:
    described = installed / "botocore" / "data"
    return [path for path in described.glob("*") if path.is_dir() and path.name not in wanted]


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
    """Install the packages of one zip for the processor and Python named; 0 when they are there, else 1."""
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m stacks.lambda_build", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--architecture", choices=sorted(INSTANCE_TYPES), default=default.architecture)
    parser.add_argument("--python", choices=PYTHONS, default=default.lambda_python)
    parser.add_argument("--of", choices=sorted(ZIPS), default=MASTER.name)
    chosen = parser.parse_args(arguments)
    try:
        LambdaBuild(
            architecture=chosen.architecture, python=chosen.python, contents=ZIPS[chosen.of]
        ).install()
    except TileworkError as error:
        sys.stderr.write(f"{error.reason}\n{error.advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
