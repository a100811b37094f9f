"""Run while the workers' image is built: removes what a supervisor and its world do without.

``python3 bare_image.py system /`` leaves of a Debian its libraries, its certificates and Python, and no other program, so no
shell, package manager or setuid program either. Debian's list of installed packages is made true again, because
scanners go by it. ``python3 bare_image.py packages VENV`` leaves of a virtual environment what is imported.

The standard library alone: it runs where nothing else is installed, and on any Python that a base may have.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT_PACKAGES = re.compile(
    r"python3(?!.*-(venv|whl)$).*|zlib1g|lib(?!apt|pam|perl).*|gcc-\d+-base|media-types|netbase|tzdata"
    r"|base-files|base-passwd|ca-certificates"
)
"""Debian packages by their names: Python, libraries, and what those look up: time zones, certificates, names of users."""

PROGRAM_FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/games")
PYTHON = re.compile(r"python(3(\.\d+)?)?")

WORLD_PROGRAMS = re.compile(rf"{PYTHON.pattern}|mpiexec|ompirun_wrapper|prterun|prted")
"""What of a virtual environment's programs is run: mpiexec becomes one after the other of the next two."""

NOT_READ = (
    *("usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/python-wheels"),
    *(
        "var/cache",
        "var/lib/apt",
        "var/log",
        "usr/lib/python3*/ensurepip",
        "usr/local/lib/python3*/ensurepip",
    ),
    *("usr/local/lib/python3*/site-packages/*", "usr/local/share/man", "usr/local/include", "usr/include"),
)
"""Patterns below the root: manuals, translations, caches, headers, and the base's own pip."""

SERVICES = ("autoscaling", "cloudwatch", "dynamodb", "events", "s3", "sqs", "sts")
"""Of the services whose descriptions botocore brings (they are compressed already), those that a worker host calls."""


def bare_system(root: Path) -> None:
    """Leave of the Debian below ``root`` what the module's docstring says."""
    dropped = set()
    for name, lists in _installed(root / "var/lib/dpkg/info").items():
        if KEPT_PACKAGES.fullmatch(name):
            continue
        dropped.add(name)
        for files in lists:
            _remove_listed(root, files)
    _forget(root / "var/lib/dpkg", dropped)
    for pattern in NOT_READ:
        for path in root.glob(pattern):
            _remove(path)
    for path in (root / "usr/share/doc").glob("*/*"):
        # a licence may ask to be told
        if path.name != "copyright":
            _remove(path)
    for folder in PROGRAM_FOLDERS:
        _sweep(root / folder, PYTHON)


def bare_packages(venv: Path) -> None:
    """Leave of the virtual environment ``venv`` what the module's docstring says."""
    (site,) = venv.glob("lib/python3*/site-packages")
    for tests in [path for path in site.rglob("tests") if (path / "__init__.py").exists()]:
        _remove(tests)
    for description in (site / "botocore/data").iterdir():
        if description.is_dir() and description.name not in SERVICES:
            _remove(description)
    _sweep(venv / "bin", WORLD_PROGRAMS)
    for folder in ("include", "share/man"):
        _remove(venv / folder)


def _installed(information: Path) -> dict[str, list[Path]]:
    """The lists of files of each package that is installed, one for each architecture."""
    found: dict[str, list[Path]] = {}
    for path in sorted(information.glob("*.list")):
        found.setdefault(path.stem.partition(":")[0], []).append(path)
    return found


def _remove_listed(root: Path, files: Path) -> None:
    for line in files.read_text().splitlines():
        path = root / line.lstrip("/")
        # folders are shared between packages, and so are links to folders: /bin is one
        if not path.is_dir():
            path.unlink(missing_ok=True)


def _forget(database: Path, dropped: set[str]) -> None:
    """Take packages out of Debian's list of those that are installed."""
    for path in (database / "info").iterdir():
        if path.name.rpartition(".")[0].partition(":")[0] in dropped:
            path.unlink()
    status = database / "status"
    told = [each for each in status.read_text().split("\n\n") if each.strip() and _name(each) not in dropped]
    status.write_text("\n\n".join(told) + "\n\n")
    for old in database.glob("*-old"):
        old.unlink()


def _name(entry: str) -> str:
    found = re.search(r"^Package: (\S+)$", entry, re.MULTILINE)
    return found[1] if found else ""


def _sweep(folder: Path, kept: re.Pattern[str]) -> None:
    for path in _files(folder):
        if not kept.fullmatch(path.name):
            path.unlink()


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from [path for path in folder.iterdir() if path.is_symlink() or not path.is_dir()]


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


WAYS: dict[str, Callable[[Path], None]] = {"system": bare_system, "packages": bare_packages}

if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]))
    # it has done its work, and is itself not needed
    Path(__file__).unlink()
