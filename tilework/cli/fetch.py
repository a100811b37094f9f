"""``tilework fetch``: results, back in the folders that their sources lay in.

Beside the results lies ``.tilework-fetch/``: a list of what was fetched, a line a file, by which a later fetch knows
its own files, and what is half there. Results never change, so that half of one can be gone on with.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.interrupts import Interrupts
from tilework.cli.joining import join_from_here
from tilework.cli.pipelines import pipeline_of
from tilework.cli.places import OWN, Parts, Places, Wanted, is_safe
from tilework.cli.progress import Progress
from tilework.errors import TileworkError, UnwritableError, VersionGoneError
from tilework.imaging.result_kinds import suffix_of
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.object_keys import is_folder_marker, is_ours
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tilework.jobs.job import Job
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.system import System

AT_ONCE = 8
"""Downloads and look-ups in flight."""

CHUNK_BYTES = 8 * 2**20
"""Read and written at once, so that memory does not grow with a result."""

WITHOUT = "There is no result of it: {state}."


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list: which result of which key was fetched to where."""

    key: str
    job: str
    result: str
    parts: Parts


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one image: ``path`` where its result is, else the ``reason`` why there is none."""

    key: str
    job: str
    state: str
    path: str = ""
    new: bool = False
    reason: str = ""


class Folder:
    """The folder that results go to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = path / OWN
        self._list = self._own / "fetched.jsonl"

    def open(self) -> dict[str, Line]:
        """Make it where it is not there; what earlier fetches put there, by key."""
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            written = self._list.read_text(encoding="utf-8") if self._list.exists() else ""
        except OSError as error:
            raise UnwritableError(f"{self._own} cannot be used: {error.strerror}.") from error
        lines = filter(None, map(_line, written.splitlines()))
        return {line.key: line for line in lines}

    def in_the_way(self, parts: Parts) -> str:
        """What lies at a place: "folder", "file" (all else, links too), or nothing."""
        path = self._path.joinpath(*parts)
        if not os.path.lexists(path):
            return ""
        return "folder" if path.is_dir() and not path.is_symlink() else "file"

    def has(self, line: Line) -> bool:
        """Whether the result is there whole: a list that was written too early has half of it beside it."""
        return self._path.joinpath(*line.parts).is_file() and not self._half(line).exists()

    def _half(self, line: Line) -> Path:
        return self._own / f"{line.job}.part"

    def path(self, parts: Parts) -> Path:
        """The file's path. Raises UnwritableError where it would lie outside."""
        path = self._path.joinpath(*parts)
        if not is_safe(parts) or not path.parent.resolve().is_relative_to(self._path.resolve()):
            raise UnwritableError(f"{path} would lie outside of {self._path}.")
        return path

    def fetch(self, outputs: ObjectStore, line: Line) -> None:
        """Load a result into its place, from where an earlier try stopped; it appears whole or not at all."""
        target, half = self.path(line.parts), self._half(line)
        size = outputs.head(line.result).size
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # what was there between may have been a link
            self.path(line.parts)
            _load(outputs, line.result, half, size)
            # first the list: a file that it does not name would be somebody else's
            with self._list.open("a", encoding="utf-8") as written:
                written.write(json.dumps(asdict(line)) + "\n")
            half.replace(target)
        except OSError as error:
            raise UnwritableError(f"{target} cannot be written: {error.strerror}.") from error


def _load(outputs: ObjectStore, key: str, half: Path, size: int) -> None:
    with half.open("ab") as file:
        if file.tell() > size:
            file.truncate(0)
        while (start := file.seek(0, os.SEEK_END)) < size:
            piece = outputs.read(key, None, start, min(size, start + CHUNK_BYTES))
            if not piece:
                raise VersionGoneError(f"{key!r} ended before its size.")
            file.write(piece)
            file.flush()


def _line(text: str) -> Line | None:
    """A line of the list; None for one that was cut off, or that nobody of us has written."""
    try:
        told = json.loads(text)
        line = Line(str(told["key"]), str(told["job"]), str(told["result"]), tuple(map(str, told["parts"])))
    except (ValueError, KeyError, TypeError):
        return None
    return line if is_safe(line.parts) else None


def run(prefix: str, folder: Path, *, pipeline: str, json: bool) -> int:
    """Fetch the results of all images whose keys begin with ``prefix``."""
    through = pipeline_of(pipeline).canonical if pipeline else None
    system, place = join_from_here(), Folder(folder)
    before = place.open()
    ended = list(_jobs(system, prefix, through))
    lines = _lines(ended, before, place, prefix)
    found: list[Fetched] = []
    with Interrupts() as interrupts:
        for one in _fetched(system, place, ended, lines, before):
            found.append(one)
            if interrupts.asked:
                break
    if json:
        consoles.print_json_list(map(asdict, found))
    else:
        _tell(found, folder)
    if len(found) < len(ended):
        consoles.talk().print("Interrupted: the same command goes on from here.")
        return statuses.INTERRUPTED
    return statuses.SOME_FAILED if any(one.reason for one in found) else statuses.ALL_DONE


def _jobs(system: System, prefix: str, pipeline: str | None) -> Iterator[tuple[str, str, Job | None]]:
    """Of each key its newest version's job: key, id, and the row where there is one."""
    newest = (next(versions) for _, versions in groupby(system.inputs.versions(prefix), attrgetter("key")))
    asks = [
        Ask(Drop(system.inputs.bucket, one.key, one.version), pipeline)
        for one in newest
        if not is_folder_marker(one.key, one.size) and not is_ours(one.key)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = pool.map(lambda ask: system.table.get(ask.job_id), asks)
        for ask, row in zip(asks, rows, strict=True):
            yield ask.drop.key, ask.job_id, row


def _lines(
    ended: Sequence[tuple[str, str, Job | None]], before: Mapping[str, Line], place: Folder, prefix: str
) -> dict[str, Line]:
    """Where each result goes, by key."""
    rows = [row for _, _, row in ended if row is not None and row.state is State.DONE]
    wanted = [Wanted(row.key, row.id, suffix_of(row.result_key)) for row in rows]
    # a place is kept for as long as what lies there is of the same kind
    kept = {
        one.key: before[one.key].parts
        for one in wanted
        if one.key in before and suffix_of(before[one.key].result) == one.suffix
    }
    parts = Places(kept, place.in_the_way).assign(wanted, prefix)
    return {row.key: Line(row.key, row.id, row.result_key, parts[row.key]) for row in rows}


def _fetched(
    system: System,
    place: Folder,
    ended: Sequence[tuple[str, str, Job | None]],
    lines: Mapping[str, Line],
    before: Mapping[str, Line],
) -> Iterator[Fetched]:
    def fetch(one: tuple[str, str, Job | None]) -> Fetched:
        key, job, row = one
        state = row.state.value if row else "no worker has taken it up yet"
        line = lines.get(key)
        if line is None:
            return Fetched(key, job, state, reason=(row.reason if row else "") or WITHOUT.format(state=state))
        new = before.get(key) != line or not place.has(line)
        try:
            if new:
                place.fetch(system.outputs, line)
        except TileworkError as error:
            return Fetched(key, job, state, reason=error.reason)
        return Fetched(key, job, state, str(PurePosixPath(*line.parts)), new)

    with Progress("Fetching", len(ended)) as bar, ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(ended), AT_ONCE):
            for one in pool.map(fetch, ended[start : start + AT_ONCE]):
                bar.advance()
                yield one


def _tell(found: Sequence[Fetched], folder: Path) -> None:
    for one in found:
        if one.reason:
            consoles.talk().print(
                Text.assemble(("NOT FETCHED ", "red"), f"{shown(one.key)}: {shown(one.reason)}"),
                soft_wrap=True,
            )
    new, there = sum(one.new for one in found), sum(bool(one.path) for one in found)
    consoles.output().print(
        f"{new:,} results fetched, {there - new:,} were there already, in {shown(str(folder))}.",
        soft_wrap=True,
    )
