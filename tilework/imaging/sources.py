"""Where the bytes of one image come from, read by ranges."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tilework.errors import DamagedImageError
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Source(Protocol):
    """The bytes of one image that does not change while it is read.

    A source for a store should fetch about the first 256 KiB at once: the header is read from there.
    """

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes ``start`` to ``stop`` (exclusive); both lie within ``size``."""
        ...


@runtime_checkable
class FarSource(Source, Protocol):
    """A source whose every request takes a while, and which can be told what will be wanted next."""

    def expect(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Begin to fetch these ranges, and forget what was expected before."""
        ...


@dataclass(frozen=True, slots=True)
class BytesSource:
    """An image in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes ``start`` to ``stop`` (exclusive)."""
        return self.data[start:stop]


@dataclass(frozen=True, slots=True)
class FileSource:
    """An image in a file; picklable, opened for each read."""

    path: Path

    @property
    def size(self) -> int:
        """How many bytes there are; raises OSError if the file is not there."""
        return self.path.stat().st_size

    @timed("read")
    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes ``start`` to ``stop`` (exclusive); fewer if the file has become shorter."""
        with self.path.open("rb") as file:
            file.seek(start, os.SEEK_SET)
            return file.read(stop - start)


class OpenableFile(FileSource):
    """A file whose unreadability is a verdict on it and not a fault of the program."""

    @property
    def size(self) -> int:
        """How many bytes there are; raises DamagedImageError."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise DamagedImageError(f"The file cannot be read: {error.strerror}.") from error

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes ``start`` to ``stop`` (exclusive); raises DamagedImageError."""
        try:
            return FileSource.read(self, start, stop)
        except OSError as error:
            raise DamagedImageError(f"The file cannot be read: {error.strerror}.") from error
