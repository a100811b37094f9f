"""What units leave for later stages: sets of arrays, in the objects of their attempts."""

from __future__ import annotations

import io
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from tilework.errors import UnreadableMessageError
from tilework.fleet.blueprint import Cells, writes_tiles
from tilework.fleet.made import Made, arrays_name, made_of
from tilework.jobs.manifests import read_manifest
from tilework.jobs.units import UnitFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.fleet.bundles import Bundle, Place
    from tilework.imaging.operations.contract import Arrays
    from tilework.jobs.stages import Plan
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask

MANIFESTS = 256
"""Manifests that a rank keeps."""

GETS_AT_ONCE = 16
"""Sets that are fetched side by side: each is small, and most of its time is the store's first byte."""

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

    def get_all(self, names: Sequence[str]) -> list[Arrays]:
        """Return what is kept under each of ``names``, all fetched at once. Raises as :meth:`get`."""
        found = {name: self._kept[name] for name in names if name in self._kept}
        fresh = [name for name in dict.fromkeys(names) if name not in found]
        if len(fresh) > 1:
            with ThreadPoolExecutor(min(len(fresh), GETS_AT_ONCE)) as pool:
                found |= zip(fresh, pool.map(self._fetch, fresh), strict=True)
        elif fresh:
            found[fresh[0]] = self._fetch(fresh[0])
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

    def _fetch(self, name: str) -> Arrays:
        import numpy as np

        folder, attempt, made = self._read(*self._units.of(name))
        if name not in made.arrays:
            raise UnreadableMessageError(f"The manifest {folder.manifest} does not tell of {name}.")
        found = {}
        # they were put one behind the other: a request for those of an object, mostly all
        by_item = groupby(made.arrays[name].items(), lambda each: each[1].item)
        for item, group in by_item:
            places = dict(group)
            start = min(place.offset for place in places.values())
            stop = max(place.offset + place.length for place in places.values())
            data = self._outputs.read(f"{folder.objects(attempt)}/{arrays_name(item)}", None, start, stop)
            for each, place in places.items():
                file = io.BytesIO(data[place.offset - start : place.offset - start + place.length])
                found[each] = np.load(file, allow_pickle=False)
        return found

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


def _bytes_of(arrays: Arrays) -> int:
    return sum(array.nbytes for array in arrays.values())
