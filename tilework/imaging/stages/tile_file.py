"""One file that several processes append tiles to, and what is known of the tiles until the header is written.

Each piece is one ``write`` in append mode, after which the position tells where it ended (open(2), O_APPEND): so nobody
waits for anybody. It does not hold between hosts that share a folder by NFS: there each other host has a file of its own,
and its pieces are moved into the one at the end.
"""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import numpy as np

    Table = np.memmap[tuple[int, int], np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True)
class TileFile:
    """A result in the making: the file, and beside it for each level a table of (offset, bytes) by tile. Picklable.

    ``counts`` are the tiles of each level. ``hosts`` are the names of those that keep their tiles apart.
    """

    path: Path
    folder: Path
    counts: tuple[int, ...]
    hosts: tuple[str, ...] = ()

    def here(self) -> TileFile:
        """The file that this process appends to."""
        name = socket.gethostname() if self.hosts else ""
        return self._apart(name) if name in self.hosts else self

    def create(self, header_bytes: int) -> None:
        """Begin the file with room for its header."""
        with self.path.open("xb") as file:
            file.truncate(header_bytes)
        for level, count in enumerate(self.counts):
            with self._table_path(level).open("xb") as file:
                # a full disk is told now: in a map it would be a signal
                os.posix_fallocate(file.fileno(), 0, count * ENTRY_BYTES)
        for host in self.hosts:
            apart = self._apart(host)
            apart.folder.mkdir()
            apart.create(0)

    def gather(self) -> None:
        """Append what the hosts have kept apart; they are done."""
        for host in self.hosts:
            apart = self._apart(host)
            with apart.path.open("rb") as pieces, self.path.open("r+b") as file:
                begin = file.seek(0, os.SEEK_END)
                shutil.copyfileobj(pieces, file, COPIED_BYTES)
            apart.path.unlink()
            for table, theirs in zip(self.tables(), apart.tables(), strict=True):
                made = theirs[:, 1] > 0
                table[made] = theirs[made]
                table[made, 0] += begin

    def _apart(self, host: str) -> TileFile:
        folder = self.folder / f"host-{host}"
        return TileFile(folder / "tiles", folder, self.counts)

    def tables(self) -> list[Table]:
        """The tables, mapped: (tiles, 2)."""
        import numpy as np

        return [
            np.memmap(self._table_path(level), np.uint64, "r+", shape=(count, 2))
            for level, count in enumerate(self.counts)
        ]

    def finish(self, header: bytes) -> None:
        """Write the header, last."""
        with self.path.open("r+b") as file:
            file.write(header)
            file.flush()

    def append_first_tiles(self) -> None:
        """Append the first tile of each level, the smallest level's first.

        Processes keep these back, because readers that check the order of a COG look at nothing but where the first
        tiles lie.
        """
        with Appending(replace(self, hosts=())) as sink:
            for level in reversed(range(len(self.counts))):
                path = self.first_tile(level)
                sink.place(level, 0, path.read_bytes())
                path.unlink()

    def first_tile(self, level: int) -> Path:
        """Where the first tile of a level waits."""
        return self.folder / f"first-{level}"

    def _table_path(self, level: int) -> Path:
        return self.folder / f"table-{level}"


ENTRY_BYTES = 16

COPIED_BYTES = 1 << 20
"""At once, when tiles are moved from one file to another."""


class Appending:
    """One process's end of a :class:`TileFile`."""

    def __init__(self, file: TileFile) -> None:
        self._file = file
        here = file.here()
        self._tables = here.tables()
        self._descriptor = os.open(here.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        if self._file.hosts:
            for table in self._tables:
                # whoever reads it may be on another host
                table.flush()

    @timed("write")
    def append(self, level: int, index: int, data: bytes) -> None:
        """Append a tile, or keep it back if it is its level's first. Raises OSError where the disk is full."""
        if index:
            self.place(level, index, data)
        else:
            self._file.first_tile(level).write_bytes(data)

    def place(self, level: int, index: int, data: bytes) -> None:
        """Append a tile now."""
        written = os.write(self._descriptor, data)
        while written < len(data):
            # the rest would lie apart, after what others append: write the tile anew
            written = os.write(self._descriptor, data)
        end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        self._tables[level][index] = (end - len(data), len(data))
