"""Where stages leave arrays for each other, by name: on one host a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tilework.imaging.operations.contract import Arrays


class Scratch(Protocol):
    """Named sets of named arrays; picklable, and the same from every process. Names are of letters, digits, ``-``."""

    def put(self, name: str, arrays: Arrays) -> None:
        """Keep ``arrays``; whatever bore the name before is gone."""
        ...

    def get(self, name: str) -> Arrays:
        """Return the arrays kept under a name; the caller does not change them."""
        ...

    def get_all(self, names: Sequence[str]) -> list[Arrays]:
        """Return what is kept under each of ``names``, fetched side by side where it is far."""
        ...


@dataclass(frozen=True, slots=True)
class FolderScratch:
    """A folder, with a file an array: they are mapped, so that a part of one costs only that part."""

    folder: Path

    @timed("scratch")
    def put(self, name: str, arrays: Arrays) -> None:
        """Write the arrays, each whole or not at all."""
        import numpy as np

        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        for each, array in arrays.items():
            partial = place / f"{each}.part"
            with partial.open("wb") as file:
                np.save(file, array, allow_pickle=False)
            partial.replace(place / f"{each}.npy")

    @timed("scratch")
    def get(self, name: str) -> Arrays:
        """Map the arrays; empty ones, which cannot be mapped, are read."""
        import numpy as np

        return {
            path.stem: np.load(path, mmap_mode="r" if path.stat().st_size > EMPTY_BYTES else None)
            for path in (self.folder / name).glob("*.npy")
        }

    def get_all(self, names: Sequence[str]) -> list[Arrays]:
        """Map all of them."""
        return [self.get(name) for name in names]


class Nowhere:
    """A scratch for who only plans: nothing is put into it, and nothing is there."""

    def put(self, name: str, arrays: Arrays) -> None:  # noqa: ARG002
        """Refuse."""
        raise KeyError(name)

    def get(self, name: str) -> Arrays:
        """Refuse."""
        raise KeyError(name)

    def get_all(self, names: Sequence[str]) -> list[Arrays]:
        """Refuse."""
        return [self.get(name) for name in names]


NOWHERE = Nowhere()

EMPTY_BYTES = 128
"""A file of NumPy's with no more holds nothing but its header."""
