"""What units leave for later stages: sets of arrays, in the objects of their attempts."""

from __future__ import annotations

import io
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tilework.errors import UnreadableMessageError
from tilework.fleet.blueprint import Cells, writes_tiles
from tilework.fleet.made import Made, arrays_name, made_of
from tilework.imaging.stopwatch import timed
from tilework.jobs.manifests import read_manifest
from tilework.jobs.units import UnitFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from tilework.fleet.bundles import Bundle, Place
    from tilework.imaging.operations.contract import Arrays
    from tilework.jobs.stages import Plan
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask

MANIFESTS = 256
"""Manifests that a rank keeps."""

GETS_AT_ONCE = 16
"""Requests for sets that go side by side: each is small, and most of its time is the store's first byte."""

GAP_BYTES = 64 * 2**10
"""Between two sets that are fetched together rather than by another request."""

KEPT_BYTES = 32 * 2**20
"""Of arrays that a rank keeps: neighbours ask for the same ones."""


class ObjectScratch:
    """The scratch of one epoch of a job; puts go to the unit that was begun last, gets find the unit that has committed.

    A unit never gets what it, or another of its stage, has put.
    """

    def __init__(self, outputs: ObjectStore, task: UnitTask) -> None:
        self._outputs = outputs
        self._plan = task.plan
        self._job, self._epoch = task.job, task.unit.epoch
        self._units = Units(task.plan)
        self._read = lru_cache(MANIFESTS)(self._read_manifest)
        self._kept: OrderedDict[str, Arrays] = OrderedDict()
        self._kept_bytes = 0
        self._bundle: Bundle | None = None
        self._names: list[str] = []
        self._put: list[tuple[str, str]] = []

    def begin(self, bundle: Bundle) -> None:
        """Let all that is put go into ``bundle``."""
        self._bundle, self._names, self._put = bundle, [], []

    def end(self) -> dict[str, dict[str, Place]]:
        """Store what was put; where each array lies."""
        if self._bundle is None:
            raise RuntimeError("end() before begin()")
        self._bundle.close()
        # a set may be empty
        found: dict[str, dict[str, Place]] = {name: {} for name in self._names}
        for (name, each), place in zip(self._put, self._bundle.places, strict=True):
            found[name][each] = place
        self._bundle = None
        return found

    @timed("scratch")
    def put(self, name: str, arrays: Arrays) -> None:
        """Keep ``arrays`` under a name."""
        import numpy as np

        if self._bundle is None:
            raise RuntimeError("put() before begin()")
        self._names.append(name)
        for each, array in arrays.items():
            file = io.BytesIO()
            np.save(file, array, allow_pickle=False)
            self._bundle.add(file.getvalue())
            self._put.append((name, each))

    def get(self, name: str) -> Arrays:
        """Return the arrays kept under a name. Raises VersionGoneError, ServiceError."""
        return self.get_all([name])[0]

    @timed("scratch")
    def get_all(self, names: Sequence[str]) -> list[Arrays]:
        """Return what is kept under each of ``names``, all fetched at once. Raises as :meth:`get`."""
        found = {name: self._kept[name] for name in names if name in self._kept}
        found |= self._fetched([name for name in dict.fromkeys(names) if name not in found])
        for name in names:
            self._keep(name, found[name])
        return [found[name] for name in names]

    def _keep(self, name: str, arrays: Arrays) -> None:
        if name not in self._kept:
            self._kept_bytes += _bytes_of(arrays)
        self._kept[name] = arrays
        self._kept.move_to_end(name)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= _bytes_of(oldest)

    def made_by(self, stage: int, unit: int) -> tuple[UnitFolder, str, Made]:
        """What a committed unit has made: its folder, the attempt, and its tables."""
        return self._read(stage, unit)

    def _fetched(self, names: Sequence[str]) -> dict[str, Arrays]:
        """Sets that are not kept: what lies together in an object by one request, all requests side by side."""
        if not names:
            return {}
        with ThreadPoolExecutor(min(len(names), GETS_AT_ONCE)) as pool:
            # the manifest of a unit is read once, however many of its sets are wanted
            units = dict.fromkeys(map(self._units.of, names))
            made_by = dict(zip(units, pool.map(lambda unit: self._read(*unit), units), strict=True))
            pieces = [piece for name in names for piece in _pieces_of(name, *made_by[self._units.of(name)])]
            found: dict[str, dict[str, np.ndarray]] = {name: {} for name in names}
            for run, data in pool.map(self._read_run, _runs(pieces)):
                for piece in run:
                    start = piece.place.offset - run[0].place.offset
                    file = io.BytesIO(data[start : start + piece.place.length])
                    found[piece.name][piece.each] = _loaded(file)
        # in the order in which they were put
        orders = {name: made_by[self._units.of(name)][2].arrays[name] for name in names}
        return {name: {each: found[name][each] for each in orders[name]} for name in names}

    def _read_run(self, run: list[_Piece]) -> tuple[list[_Piece], bytes]:
        first, last = run[0].place, run[-1].place
        return run, self._outputs.read(run[0].key, None, first.offset, last.offset + last.length)

    def _read_manifest(self, stage: int, unit: int) -> tuple[UnitFolder, str, Made]:
        folder = UnitFolder(self._job, self._epoch, self._plan.label(stage), unit)
        manifest = read_manifest(self._outputs, folder)
        return folder, manifest.attempt, made_of(manifest.made)


class Units:
    """Finds the unit that has put what bears a name, from the plan alone."""

    def __init__(self, plan: Plan) -> None:
        self._stages = {
            stage.name: (number, Cells.read(stage.what))
            for number, stage in enumerate(plan.stages)
            if stage.what
        }
        # what level N is left by: the stage of writing that is followed by the overviews from N on
        self._writing = [stage.name for stage in plan.stages if writes_tiles(stage)]

    def of(self, name: str) -> tuple[int, int]:
        """The numbers of the stage and the unit."""
        words = name.split("-")
        if words[0] == "rewritten":
            return 0, 0
        if words[0] == "level":
            following = self._writing.index(f"overviews-{words[1]}")
            number, cells = self._stages[self._writing[following - 1]]
            return number, cells.unit_of(int(words[2]))
        step, what = words[1], words[2]
        if what == "kept":
            number, cells = self._stages[f"measure-{step}"]
            return number, cells.unit_of_part(int(words[3]))
        level, index = int(words[3]), int(words[4])
        number, cells = self._stages[f"reduce-{step}-{level}" if level else f"measure-{step}"]
        return number, cells.unit_of(index)


class _Piece(NamedTuple):
    """An array of a set, and the object in which it lies."""

    key: str
    place: Place
    name: str
    each: str


def _pieces_of(name: str, folder: UnitFolder, attempt: str, made: Made) -> list[_Piece]:
    if name not in made.arrays:
        raise UnreadableMessageError(f"The manifest {folder.manifest} does not tell of {name}.")
    return [
        _Piece(f"{folder.objects(attempt)}/{arrays_name(place.item)}", place, name, each)
        for each, place in made.arrays[name].items()
    ]


def _runs(pieces: Iterable[_Piece]) -> list[list[_Piece]]:
    """Pieces of one object that lie together, in their order there, with no more than GAP_BYTES between two."""
    runs: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.key, piece.place.offset)):
        last = runs[-1][-1] if runs else None
        if (
            last is None
            or last.key != piece.key
            or piece.place.offset - last.place.offset - last.place.length > GAP_BYTES
        ):
            runs.append([])
        runs[-1].append(piece)
    return runs


def _loaded(file: io.BytesIO) -> np.ndarray:
    import numpy as np

    array: np.ndarray = np.load(file, allow_pickle=False)
    return array


def _bytes_of(arrays: Arrays) -> int:
    return sum(array.nbytes for array in arrays.values())
