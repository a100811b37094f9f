"""The plugins of a deployment, as wheels: fetched once into ``.tilework/build``, for the workers' image and the master's zip.

Each word of the setting ``plugins`` is one wheel: of an index (``name==version``), of this machine (a path) or of a bucket
(``s3://…``), with ``#sha256=…`` behind it where its content is to be held as well. Nothing that a wheel asks for is
fetched by itself: what is not named is not installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stacks.plugin_content import check_wheel, unpack_operations
from tilework.errors import SettingsError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.settings import Settings

ROOT = Path(__file__).resolve().parent.parent

WORKERS_PYTHON: Final = "3.11"
"""The Python of the workers' image, for which wheels with compiled parts are chosen."""

PLATFORMS: Final = {"x86_64": "x86_64", "arm64": "aarch64"}

_WORD = re.compile(
    r"(?P<what>(?P<s3>s3://[a-z0-9.-]+/\S+\.whl)"
    r"|(?P<path>(?!\w+:)[^\s#]+\.whl)"
    r"|(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==[A-Za-z0-9.+!_-]+)"
    r"(?:#sha256=(?P<digest>[0-9a-f]{64}))?"
)


def check_words(words: tuple[str, ...]) -> None:
    """Raise SettingsError for the first that names no single version."""
    for word in words:
        if _WORD.fullmatch(word) is None:
            raise SettingsError(
                f"plugins names {word!r}, which is no single wheel.",
                advice="Name each as name==version, as the path of a wheel, or as s3://BUCKET/….whl; #sha256=… may follow.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginWheels:
    """The wheels of some words for a processor; ``root`` is the checkout, from which paths are meant, too."""

    words: tuple[str, ...]
    architecture: str
    root: Path = ROOT

    @classmethod
    def of(cls, settings: Settings) -> PluginWheels:
        """Those that a deployment with these settings takes."""
        return cls(words=settings.plugins, architecture=settings.architecture)

    @property
    def folder(self) -> Path:
        """Where they lie, named by the words and the content of wheels of this machine."""
        digest = hashlib.sha256(f"{self.architecture} {WORKERS_PYTHON}\n".encode())
        for word in self.words:
            digest.update(f"{word}\n".encode())
            path = self._local(word)
            if path is not None and path.is_file():
                digest.update(path.read_bytes())
        return self.root / ".tilework" / "build" / "plugins" / digest.hexdigest()[:16]

    @property
    def wheels(self) -> Path:
        """The folder of the wheels themselves. Raises SetupError where they are not there."""
        return self._there() / "wheels"

    @property
    def of_the_master(self) -> Path | None:
        """The unpacked content of those that offer operations; None without plugins. Raises SetupError as :attr:`wheels`."""
        return self._there() / "master" if self.words else None

    def fetch(self, get: Callable[[str], bytes]) -> None:
        """Fetch all, unless they are there; ``get`` reads an s3:// address. Raises SetupError where one cannot be had."""
        if not self.words or self.folder.is_dir():
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as temporary:
            place = Path(temporary) / "whole"
            for name in ("wheels", "master"):
                (place / name).mkdir(parents=True)
            for word in self.words:
                self._fetch_one(word, place, get)
            try:
                place.rename(self.folder)
            except OSError:
                # somebody who fetched the same at the same time was quicker
                if not self.folder.is_dir():
                    raise

    def _fetch_one(self, word: str, place: Path, get: Callable[[str], bytes]) -> None:
        match = _WORD.fullmatch(word)
        if match is None:
            raise SetupError(f"{word!r} is no single wheel.")
        target = place / "wheels" / match["what"].rpartition("/")[2]
        path = self._local(word)
        if match["s3"]:
            target.write_bytes(get(match["s3"]))
        elif path is not None:
            if not path.is_file():
                raise SetupError(
                    f"The plugin {match['what']} is not there.", advice="Name the path of a wheel."
                )
            shutil.copy(path, target)
        else:
            target = self._download(match["what"], place / "wheels")
        found = hashlib.sha256(target.read_bytes()).hexdigest()
        if match["digest"] and found != match["digest"]:
            raise SetupError(
                f"The wheel of the plugin {match['what']} is another: its SHA-256 is {found}.",
                advice="Look who changed it; if it is right, name its new SHA-256.",
            )
        _take_in(target, place / "master")

    def _download(self, requirement: str, folder: Path) -> Path:
        """Have pip fetch one wheel of an index, as pip is set up here."""
        before = set(folder.iterdir())
        platform = PLATFORMS[self.architecture]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--implementation", "cp", "--python-version", WORKERS_PYTHON, "--dest", str(folder)]
        for glibc in ("manylinux_2_28", "manylinux2014"):
            command += ["--platform", f"{glibc}_{platform}"]
        done = subprocess.run(
            [*command, requirement], capture_output=True, text=True, check=False, env=os.environ
        )
        if done.returncode != 0:
            raise SetupError(
                f"pip could not fetch the plugin {requirement}:\n{done.stderr.strip()[-2000:]}",
                advice="Check name, version and the network (an index is set as for any pip), then run the same again.",
            )
        (found,) = set(folder.iterdir()) - before
        return found

    def _local(self, word: str) -> Path | None:
        match = _WORD.fullmatch(word)
        return None if match is None or not match["path"] or match["s3"] else self.root / match["path"]

    def _there(self) -> Path:
        if not self.folder.is_dir():
            raise SetupError(
                "The plugins of this deployment are not fetched yet.",
                advice="`make synth`, `make diff` and `make deploy` fetch them.",
            )
        return self.folder


def _take_in(wheel: Path, target: Path) -> None:
    """Check what a wheel brings, and unpack its operations for the master."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            check_wheel(wheel.name, archive)
            unpack_operations(wheel.name, archive, target)
    except zipfile.BadZipFile:
        raise SetupError(
            f"The plugin {wheel.name} is no wheel.", advice="Build it again: pip wheel --no-deps ."
        ) from None
