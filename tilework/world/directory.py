"""The folder of a world: everything that it leaves on disk lies here, and only one world at a time."""

from __future__ import annotations

import fcntl
import shutil
import time
from typing import IO, TYPE_CHECKING

from tilework.errors import SetupError
from tilework.world.flags import shared_memory_folder, temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

LOG_BYTES = 10 * 2**20
"""A log that has grown beyond this is begun anew."""

LOCK_SECONDS = 10.0
"""How long a new world waits for the one before it to be buried: a death is noticed before it is cleared away."""

LOCK_PAUSE_SECONDS = 0.01

TAIL_LINES = 20
"""Lines of the log that an error quotes."""


class WorldDirectory:
    """``path``, locked for one world; what a killed predecessor left in it is removed first.

    Raises SetupError where another world still lives in it after ``patience`` seconds, or it cannot be written.
    """

    def __init__(self, path: Path, *, patience: float = LOCK_SECONDS) -> None:
        self.path = path.absolute()
        self._passing = (
            shared_memory_folder(self.path),
            temporary_folder(self.path),
            self.path / "slots",
            self.path / "initializer",
        )
        try:
            # the ranks' shared memory and initializer are nobody else's to read
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (self.path / "lock").open("w")
        except OSError as error:
            raise SetupError(f"The world's folder {self.path} cannot be used: {error.strerror}.") from error
        self._lock_within(patience)
        try:
            self._remove()
            for folder in self._passing[:2]:
                folder.mkdir()
        except OSError as error:
            self._lock.close()
            raise SetupError(f"The world's folder {self.path} cannot be used: {error.strerror}.") from error
        self._log_start = 0

    @property
    def log_path(self) -> Path:
        """Where the ranks' and mpiexec's output goes."""
        return self.path / "world.log"

    def open_log(self) -> IO[bytes]:
        """The log, to append to."""
        fresh = not self.log_path.exists() or self.log_path.stat().st_size > LOG_BYTES
        if fresh:
            self.log_path.write_bytes(b"")
        log = self.log_path.open("ab", buffering=0)
        self._log_start = log.tell()
        return log

    def log_tail(self) -> str:
        """The last lines that this world has logged, empty where there are none."""
        if not self.log_path.exists():
            return ""
        size = self.log_path.stat().st_size
        # one that has grown too large meanwhile was begun anew
        start = self._log_start if self._log_start <= size else 0
        with self.log_path.open("rb") as log:
            log.seek(max(start, size - LOG_BYTES // 100))
            return "\n".join(log.read().decode(errors="replace").strip().splitlines()[-TAIL_LINES:])

    def close(self) -> None:
        """Remove all but the log, and let the next world in."""
        self._remove()
        self._lock.close()

    def _lock_within(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    self._lock.close()
                    raise SetupError(
                        f"Another MPI world lives in {self.path}; give each world a folder of its own."
                    ) from None
                time.sleep(LOCK_PAUSE_SECONDS)
            else:
                return

    def _remove(self) -> None:
        for path in self._passing:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
