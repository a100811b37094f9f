"""What units leave for later stages: sets of arrays, in the objects of their attempts."""

from __future__ import annotations

import io
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING

from tilework.errors import UnreadableMessageError
from tilework.fleet.blueprint import Cells, writes_tiles
from tilework.fleet.made import Made, arrays_name, made_of
from tilework.jobs.manifests import read_manifest
from tilework.jobs.units import UnitFolder

if TYPE_CHECKING:
    from tilework.fleet.bundles import Bundle, Place
    from tilework.imaging.operations.contract import Arrays
    from tilework.jobs.stages import Plan
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask

MANIFESTS = 256
"""Manifests that a rank keeps."""

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
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = self._fetch(name)
            self._kept_bytes += _bytes_of(kept)
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= _bytes_of(oldest)
        else:
            self._kept.move_to_end(name)
        return kept

    def made_by(self, stage: int, unit: int) -> tuple[UnitFolder, str, Made]:
        """What a committed unit has made: its folder, the attempt, and its tables."""
        return self._read(stage, unit)

    def _fetch(self, name: str) -> Arrays:
        import numpy as np

        folder, attempt, made = self._read(*self._units.of(name))
        if name not in made.arrays:
            raise UnreadableMessageError(f"The manifest {folder.manifest} does not tell of {name}.")
        found = {}
        for each, place in made.arrays[name].items():
            key = f"{folder.objects(attempt)}/{arrays_name(place.item)}"
            data = self._outputs.read(key, None, place.offset, place.offset + place.length)
            found[each] = np.load(io.BytesIO(data), allow_pickle=False)
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
