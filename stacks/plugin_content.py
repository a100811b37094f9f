"""What a plugin's wheel may bring: modules of its own, and nothing in the place of what is there already."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tilework.errors import SetupError
from tilework.imaging.plugins import GROUP

if TYPE_CHECKING:
    import zipfile

ROOT = Path(__file__).resolve().parent.parent

LOCKS: Final = ("worker_image/requirements.txt", "master/requirements.txt")

OURS: Final = ("tilework/", "master/", "worker_image/")
"""What no plugin brings: it would stand in the place of Tilework itself."""

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)

_RECORD = ".dist-info/RECORD"


def check_wheel(name: str, archive: zipfile.ZipFile) -> None:
    """Raise SetupError for a wheel ``name`` that brings what is Tilework's own, or is a package that Tilework locks."""
    installed = places(name, archive)
    if taken := sorted(place for place in installed.values() if place.startswith(OURS)):
        raise SetupError(
            f"The plugin {name} brings {taken[0]}, which is Tilework's own.",
            advice="Give the package's modules names of their own.",
        )
    parts = [place.partition("/")[0] for place in installed.values()]
    told = [name, *(part for part in parts if part.endswith(".dist-info"))]
    if locked := _locked() & {_normal(each.partition("-")[0]) for each in told}:
        raise SetupError(
            f"The plugin {name} is {min(locked)}, of which Tilework locks the version that it was tested with.",
            advice="Name the plugin alone, and build it for the version in worker_image/requirements.txt.",
        )


def places(name: str, archive: zipfile.ZipFile) -> dict[str, str]:
    """Where each file of a wheel is installed, below the folder of packages, by its name in it. Raises SetupError."""
    found = {}
    for member in archive.namelist():
        if member.endswith("/"):
            continue
        if member != posixpath.normpath(member) or member.startswith(("/", "..")) or "\\" in member:
            raise SetupError(
                f"The plugin {name} brings {member}, which is no plain path below its own folder.",
                advice="Build it again: pip wheel --no-deps .",
            )
        first, _, rest = member.partition("/")
        scheme, _, below = rest.partition("/")
        apart = first.endswith(".data") and scheme in {"purelib", "platlib"}
        found[member] = below if apart else member
    return found


def unpack_operations(name: str, archive: zipfile.ZipFile, target: Path) -> None:
    """Unpack a wheel that offers operations; others are what its kernels need, and the master has none of these.

    Raises SetupError where another plugin has brought a file of the same place.
    """
    members = places(name, archive)
    points = [member for member in members if member.endswith(".dist-info/entry_points.txt")]
    if not any(f"[{GROUP}]" in archive.read(member).decode() for member in points):
        return
    for member, place in members.items():
        if member.endswith(_RECORD):
            continue
        path, content = target / place, archive.read(member)
        if path.is_file() and path.read_bytes() != content:
            raise SetupError(
                f"The plugin {name} brings {place}, which another plugin brings as well.",
                advice="Give the package's modules names of their own.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _locked() -> set[str]:
    return {_normal(each) for lock in LOCKS for each in _PIN.findall((ROOT / lock).read_text())}


def _normal(name: str) -> str:
    """A distribution's name as indexes compare it; source: "Names and normalization" of the packaging guide."""
    return re.sub(r"[-_.]+", "-", name).lower()
