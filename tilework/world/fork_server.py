"""The fork server of a starter's worlds: a process that has loaded what ranks need, and forks them, one world after another.

Loading costs each rank half a second of a core; forked from one that has loaded, it costs a few milliseconds. So a
world of more ranks than cores stands again soon after a death. mpiexec starts a stand-in for each rank
(:mod:`tilework.world.stand_in`), which has it forked, and ends as it ends.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from tilework.world import parent_death, stand_in
from tilework.world.flags import rank_environment

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "worker_image.fork_server"
"""The module that the fork server runs."""

ANSWER_SECONDS = 5.0
"""How long a fork server that has served a world may take to see a knock: a millisecond, but a few seconds where it waits for
a rank that it has killed to be gone."""


class ForkServer:
    """Forks the ranks of worlds in ``directory``, with ``modules`` loaded before; started with the first of them."""

    def __init__(self, directory: Path, *modules: str) -> None:
        self._directory = directory
        self._modules = modules
        self._address = ""
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, rank: list[str]) -> list[str]:
        """The command of a stand-in for a rank, which is started by the command ``rank`` otherwise.

        Belongs to the main thread: the fork server, which is started where there is none, ends with the thread that did.
        One that does not answer any more is ended first.
        """
        if self._process is not None and not self._answers():
            self.close()
        if self._process is None:
            self._start()
        return [sys.executable, "-I", "-S", stand_in.__file__, self._address, *rank]

    def close(self) -> None:
        """End it, and what it has forked."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        """Whether it hears a knock: it lets go of a stand-in that wishes for nothing.

        Nothing is to be loaded any more: a world that did not stand has ended the fork server that loads for too long.
        """
        with socket.socket(socket.AF_UNIX) as knock:
            knock.settimeout(ANSWER_SECONDS)
            try:
                knock.connect(f"\0{self._address}")
                knock.shutdown(socket.SHUT_WR)
                return not knock.recv(1)
            except OSError:
                return False

    def _start(self) -> None:
        self._address = f"tilework-fork-server-{secrets.token_hex(8)}"
        with socket.socket(socket.AF_UNIX) as door:
            # from now on a stand-in may knock, and waits until everything is loaded
            door.bind(f"\0{self._address}")
            door.listen(128)
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", parent_death.__file__, str(os.getpid())),
                    *(sys.executable, "-P", "-m", PROGRAM, str(door.fileno()), *self._modules),
                ],
                env=rank_environment(os.environ, {}, sys.path, self._directory),
                stdin=subprocess.DEVNULL,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )
