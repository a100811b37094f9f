"""Which files a folder means, and what the files of their results are called."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tilework.errors import BeyondRankError, ImageError
from tilework.imaging.formats import Format, HeaderReader
from tilework.imaging.formats.signatures import SIGNATURE_BYTES, recognise
from tilework.imaging.plan import KINDS, ends_as, wanted_suffix
from tilework.imaging.run import prepare
from tilework.imaging.sources import FileSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline

TAR = ".tar"
"""How an archive's name may end as well."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One file to be processed, and where its result goes; a large one is for all ranks together."""

    source: Path
    target: Path
    large: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How the result's name ends, None where no result will be, and whether all ranks are wanted for it."""

    suffix: str | None
    large: bool = False


def foresee(source: Path, pipeline: Pipeline, limits: Limits) -> Foreseen:
    """What the header of a file tells of its result; what is wrong with the file is for a rank to tell."""
    file = FileSource(source)
    try:
        suffix = wanted_suffix(recognise(file.read(0, SIGNATURE_BYTES)), pipeline)
    except (ImageError, OSError):
        return Foreseen(None)
    try:
        planned = prepare(HeaderReader(file, limits), pipeline, limits)
    except BeyondRankError:
        staged_suffix = suffix if pipeline.is_report or pipeline.is_archive else Format.TIFF.suffix
        return Foreseen(staged_suffix, large=True)
    except (ImageError, OSError):
        return Foreseen(suffix)
    return Foreseen(suffix if pipeline.is_archive else planned.result_format.suffix)


def files_below(folder: Path, *, without: Path | None = None) -> Iterator[Path]:
    """Every file below ``folder``, in order of its name; hidden ones and those below ``without`` left out.

    Folders that are symbolic links are not followed: they may lead round in a circle. Pipes, sockets and devices are
    no files.
    """
    for here, folders, names in os.walk(folder):
        place = Path(here)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (without is None or not _same(place / name, without))
        )
        paths = (place / name for name in sorted(names) if not name.startswith("."))
        # a link that leads nowhere is a file that cannot be read
        yield from (path for path in paths if path.is_file() or not path.exists())


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def errands_between(
    sources: Sequence[Path], folder: Path, results: Path, pipeline: Pipeline, limits: Limits
) -> list[Errand]:
    """Pair every file below ``folder`` with its result below ``results``.

    A result is called as its source is. Where it is of another format (a mask of a JPEG is a PNG), the suffix
    changes: ``a.jpg`` becomes ``a.png``. Two files of a folder never meet in one result: where another has that name,
    or wants it as well, the whole name is kept and the suffix added, ``a.jpg.png``.
    """
    taken: set[Path] = set()
    targets: dict[Path, Path] = {}
    changing: dict[Path, str] = {}
    foreseen = {source: foresee(source, pipeline, limits) for source in sources}
    for source in sources:
        wanted = results / source.relative_to(folder)
        suffix = foreseen[source].suffix
        if suffix is None or _fits(wanted, suffix):
            targets[source] = wanted
            # a file that gives no result needs no name
            taken |= {wanted} if suffix is not None else set()
        else:
            changing[source] = suffix
    wishes = {
        source: _with_suffix(results / source.relative_to(folder), changing[source]) for source in changing
    }
    shared = Counter(wishes.values())
    for source, short in wishes.items():
        free = short not in taken and shared[short] == 1
        targets[source] = (
            short if free else _free(results / source.relative_to(folder), changing[source], taken)
        )
        taken.add(targets[source])
    return [Errand(source, targets[source], foreseen[source].large) for source in sources]


def errand_to(source: Path, wanted: Path, pipeline: Pipeline, limits: Limits) -> Errand:
    """One file whose result goes as ``wanted`` says, unless its suffix would tell another format than is written."""
    foreseen = foresee(source, pipeline, limits)
    suffix = foreseen.suffix
    if suffix is None or not wanted.suffix or _fits(wanted, suffix):
        return Errand(source, wanted, foreseen.large)
    return Errand(source, _with_suffix(wanted, suffix), foreseen.large)


def _fits(path: Path, suffix: str) -> bool:
    return ends_as(path.name, suffix) or (suffix.endswith(TAR) and path.suffix.lower() == TAR)


def _with_suffix(path: Path, suffix: str) -> Path:
    """``a.jpg`` to ``a.png``; only a suffix that names a format is taken away."""
    return path.with_suffix(suffix) if path.suffix.lower() in KINDS else path.with_name(path.name + suffix)


def _free(path: Path, suffix: str, taken: set[Path]) -> Path:
    candidate, number = path.with_name(path.name + suffix), 2
    while candidate in taken:
        candidate, number = path.with_name(f"{path.name}-{number}{suffix}"), number + 1
    return candidate
