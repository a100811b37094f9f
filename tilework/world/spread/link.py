"""The starter's end of the connection to the agent of another host, and that host's sign of life."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from multiprocessing.connection import Connection
from typing import IO, TYPE_CHECKING, Any

from tilework.world.spread.messages import GREETING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STARTER_PATIENCE = 5
"""Signs of life that may stay out, one a second, until a host is taken for lost: a stumbling network has less."""

CONNECT_PATIENCE = 15
"""The same for the first: ssh and the agent's Python may take their time on a host that is busy elsewhere."""

WORDS = 2000
"""The last characters of what ssh said, in which the reason is looked for."""


class HostLink:
    """A connection to ``name`` by ``command``; ``hear`` is called with each message, on a thread of the link's own.

    ``ended`` is called, on that thread as well, once the connection is over, for whatever ``reason``. Raises OSError or
    RuntimeError where this host has no descriptor, memory, process or thread left for it.
    """

    def __init__(
        self, name: str, command: Sequence[str], hear: Callable[[HostLink, object], None],
        ended: Callable[[HostLink], None],
    ) -> None:  # fmt: skip
        self.name = name
        self.reason = ""
        self._hear = hear
        self._ended = ended
        self._missed = 0
        self._patience = CONNECT_PATIENCE
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._read, name=f"host {name}", daemon=True)
        with contextlib.ExitStack() as undo:
            self._words = undo.enter_context(tempfile.TemporaryFile())
            self._ssh = undo.enter_context(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, bufsize=0,
                    start_new_session=True,
                )
            )  # fmt: skip
            undo.callback(self._ssh.kill)
            self._outbox: Connection[Any, Any] = Connection(self._stream(self._ssh.stdin), readable=False)
            undo.callback(self._outbox.close)
            self._thread.start()
            undo.pop_all()

    def tick(self) -> None:
        """To be called each second: a host that was silent for too many of them is lost.

        Ticks are counted, not seconds: a starter that was stopped for a while has not been listening.
        """
        self._missed += 1
        if self._missed > self._patience:
            self.drop(f"it has given no sign of life for {self._patience} s")

    def send(self, message: object) -> None:
        """Tell the agent; nothing where it is gone, which its thread is about to notice."""
        with self._sending, contextlib.suppress(OSError):
            self._outbox.send(message)

    def drop(self, reason: str) -> None:
        """End the connection; its agent notices."""
        self.reason = self.reason or reason
        self._ssh.kill()

    def join(self) -> None:
        """Wait until the connection has ended."""
        self._thread.join()

    def _read(self) -> None:
        try:
            self._listen()
        except Exception as error:  # noqa: BLE001 - the other end may be of another version, and say anything
            if not isinstance(error, (EOFError, OSError)):
                self.drop(f"its agent cannot be understood: {error!r}")
        finally:
            self._ssh.kill()
            self._ssh.wait()
            self.reason = self.reason or self._said()
            self._close()
            self._ended(self)

    def _listen(self) -> None:
        stdout = self._ssh.stdout
        while stdout is not None and (line := stdout.readline()) != GREETING:
            if not line:
                return
        with Connection(self._stream(stdout), writable=False) as inbox:
            while True:
                message = inbox.recv()
                self._missed, self._patience = 0, STARTER_PATIENCE
                self._hear(self, message)

    def _said(self) -> str:
        """The last thing that ssh, or whatever it started, said."""
        end = self._words.seek(0, 2)
        self._words.seek(max(0, end - WORDS))
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip().rstrip(".") if lines else "its connection was closed"

    def _close(self) -> None:
        with self._sending:
            self._outbox.close()
            for stream in (self._ssh.stdin, self._ssh.stdout, self._words):
                if stream is not None:
                    stream.close()

    @staticmethod
    def _stream(pipe: IO[bytes] | None) -> int:
        """A descriptor of the pipe's for a connection, which closes it."""
        if pipe is None:
            raise RuntimeError("a pipe was asked for")
        return os.dup(pipe.fileno())
