"""Rows that lie as columns, for reports of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from tilework.imaging.operations.parameters import Value

AT_ONCE = 4096
"""Rows that are there as objects at the same time."""


@dataclass(frozen=True, slots=True, eq=False)
class Table(Sequence[Mapping[str, "Value"]]):
    """Rows of columns of one length, arrays of any dtype: a row is made when it is asked for, of Python's own values."""

    columns: Mapping[str, np.ndarray[Any, Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Value]: ...
    @overload
    def __getitem__(self, index: slice) -> Table: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, Value] | Table:
        if isinstance(index, slice):
            return Table({name: column[index] for name, column in self.columns.items()})
        return {name: column[index].item() for name, column in self.columns.items()}

    def __iter__(self) -> Iterator[Mapping[str, Value]]:
        names = tuple(self.columns)
        for start in range(0, len(self), AT_ONCE):
            columns = [column[start : start + AT_ONCE].tolist() for column in self.columns.values()]
            for values in zip(*columns, strict=True):
                yield dict(zip(names, values, strict=True))
