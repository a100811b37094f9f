"""What the processes of a world say: kept in its log, and passed on, line by line, to the logs of its starter.

Ranks log JSON lines, which are passed on as they are; whatever else libraries, crashes and Open MPI print becomes lines
too, with the rank that printed it (mpiexec tags them), bounded, so that nothing that prints without end fills a disk or
a bill.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from typing import IO, TYPE_CHECKING

from tilework.logs import pass_on, pass_on_words, told_line
from tilework.world.directory import LOG_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

MOST_LINES = 300
"""Foreign lines a minute that are passed on; the traces of a crash on all ranks of a large host are fewer."""

MINUTE = 60.0

LONGEST_LINE = 1 << 16
"""Bytes after which a line is taken as one, though it has no end."""

CHUNK = 1 << 16

_TAG = re.compile(rb"\[\d+,(\d+)\]<std(?:out|err)>: ")


class Words:
    """A thread that reads ``pipe`` until nobody holds its other end, and closes it; ``log`` takes everything."""

    def __init__(
        self, pipe: IO[bytes], log_file: IO[bytes], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pipe = pipe
        self._log = log_file
        self._clock = clock
        self._left = MOST_LINES
        self._left_out = 0
        self._minute = clock()
        self._thread = threading.Thread(target=self._run, name="words", daemon=True)
        self._thread.start()

    def settle(self, seconds: float) -> None:
        """Wait until all that was said has been taken, at most ``seconds``."""
        self._thread.join(seconds)

    def _run(self) -> None:
        rest = b""
        with self._pipe, self._log:
            while chunk := os.read(self._pipe.fileno(), CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._take(line)
            if rest:
                self._take(rest)
            self._tell_left_out()

    def _take(self, line: bytes) -> None:
        # a dying rank's last words may lack their end: the next tag then begins within the line
        words, *tagged = _TAG.split(line)
        if words.strip():
            self._say(words, None)
        for rank, said in zip(tagged[::2], tagged[1::2], strict=True):
            if said.strip():
                self._say(said, int(rank))

    def _say(self, words: bytes, rank: int | None) -> None:
        text = words.decode(errors="replace").rstrip()
        own = told_line(text)
        self._keep(text if rank is None or own is not None else f"rank {rank}: {text}")
        if self._clock() - self._minute >= MINUTE:
            self._tell_left_out()
            self._minute, self._left = self._clock(), MOST_LINES
        if own is not None:
            pass_on(own)
        elif self._left > 0:
            self._left -= 1
            pass_on_words(text, rank=rank)
        else:
            self._left_out += 1

    def _keep(self, text: str) -> None:
        # a full disk must not end this thread: mpiexec would wait for ever to be heard
        with contextlib.suppress(OSError):
            if self._log.tell() > LOG_BYTES:
                self._log.truncate(0)
            self._log.write(f"{text}\n".encode())

    def _tell_left_out(self) -> None:
        if self._left_out:
            log.info("%d lines that the ranks printed were left out here.", self._left_out)
        self._left_out = 0
