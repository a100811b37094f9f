"""A world over several hosts: how it starts, and what its death means."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tilework.errors import HostsError, SetupError
from tilework.world.blame import Verdict
from tilework.world.flags import RANK_SETTINGS, spread_flags, temporary_folder
from tilework.world.launch import Launch
from tilework.world.loopback import confine_to_loopback
from tilework.world.peers import is_ours
from tilework.world.pidfds import ended, kill
from tilework.world.processes import NOTICE_SECONDS, WorldProcesses
from tilework.world.spread import launcher_shell
from tilework.world.spread.part import AWAY

if TYPE_CHECKING:
    import subprocess

    from tilework.world.channel import Channel
    from tilework.world.launch import Plan
    from tilework.world.spread.crew import Crew
    from tilework.world.spread.hosts import Hosts

SHARED_PREFIXES = ("AWS_", "TILEWORK_", "OPENCV_")
"""Variables of the starter's that ranks on other hosts get, beside a world's own; the rest is those hosts' own affair."""

CULPRIT_SECONDS = 0.7
"""How long news of a rank that died at work may be on the way from another host. Rank 0 has lost its connection to it,
aborts for it, and so may be dead before. Less than Open MPI leaves the survivors on other hosts, 1.0 s as measured."""

REPORT_SECONDS = 5.0
"""How long mpiexec may take to report: its daemons leave the ranks of other hosts half a second before they kill them, and
on busy hosts the rest takes as long. Killed before, it would tell nothing, and nobody would be suspect."""

KNOCK_SECONDS = 5.0
"""How long whoever Open MPI has run for a daemon may take to say for which: it does so first of all."""


class SpreadLaunch(Launch):
    """A :class:`Launch` of ``plan`` with all of ``hosts`` that are there, whatever ``plan.ranks`` says."""

    def __init__(self, plan: Plan, hosts: Hosts) -> None:
        self._crew = hosts.crew()
        self._shell = _Shell(self._crew)
        try:
            super().__init__(replace(plan, ranks=self._crew.ranks))
        except BaseException:
            self._let_go()
            raise

    def abandon(self) -> None:
        """End it before it is ready, on all hosts."""
        self._crew.end()
        super().abandon()
        self._let_go()

    def _let_go(self) -> None:
        self._shell.close()
        self._crew.bury()

    def _prepare(self) -> None:
        if not self._crew.members:
            # nobody else is there, or was asked for: a world of one host
            return
        away = f"{AWAY}{self._ticket.token}"
        self._ticket = replace(self._ticket, address=self._crew.address)
        there = replace(self._ticket, directory=away)
        environment = {
            **{name: value for name, value in os.environ.items() if name.startswith(SHARED_PREFIXES)},
            **RANK_SETTINGS,
            **self._plan.environment,
            **there.variables(),
            "PYTHONPATH": self._environment()["PYTHONPATH"],
        }
        self._crew.begin(away, self._ticket.initializer.read_bytes(), environment)

    def _command(self, mpiexec: str) -> list[str]:
        if not self._crew.members:
            return super()._command(mpiexec)
        host_file = temporary_folder(self._folder.path) / "hosts"
        host_file.write_text(self._crew.host_file())
        agent = f"{sys.executable} -I -S {launcher_shell.__file__} {self._shell.name}"
        return spread_flags(
            mpiexec,
            sys.executable,
            ranks=self._plan.ranks,
            host_file=host_file,
            networks=self._crew.networks(),
            agent=agent,
            tagged=self._heard,
        )

    def _alarms(self) -> list[int]:
        return [self._crew.alarm]

    def _failure(self, what: str) -> SetupError:
        failure = super()._failure(what)
        # mpiexec may hear of a lost host a moment earlier than ssh does
        time.sleep(NOTICE_SECONDS)
        lost = self._crew.lost()
        return HostsError(f"The MPI world could not be started: {lost}.") if lost else failure

    def _stand(self, pids: tuple[int, ...], channel: Channel) -> WorldProcesses:
        """The ranks are there. mpiexec's doors stay open to the network where daemons come in by them."""
        if not self._crew.members:
            confine_to_loopback(self._process.pid, self._pidfd)
        self._crew.watch(self._slots)
        return SpreadProcesses(
            self._process, self._pidfd, pids,
            channel=channel, slots=self._slots, folder=self._folder, words=self._words,
            crew=self._crew, shell=self._shell,
        )  # fmt: skip


class SpreadProcesses(WorldProcesses):
    """The processes of this host by pidfds, and those of other hosts by their agents."""

    def __init__(
        self, process: subprocess.Popen[bytes], pidfd: int, pids: tuple[int, ...], *,
        crew: Crew, shell: _Shell, **rest: Any,
    ) -> None:  # fmt: skip
        super().__init__(process, pidfd, pids, here=pids[: 1 + crew.own], **rest)
        self._crew = crew
        self._shell = shell
        self._dead_here: set[int] | None = None

    @property
    def watched(self) -> tuple[int, ...]:
        """As on one host, and what tells of the others."""
        return (*super().watched, self._crew.alarm)

    def kill(self) -> None:
        """Kill every process that is left, on all hosts. Any thread may, at any time."""
        self._crew.end()
        super().kill()

    def dead_ranks(self) -> set[int]:
        """The ranks whose process has ended, as far as other hosts have told; of this host's, when that was noticed."""
        here = super().dead_ranks() if self._dead_here is None else self._dead_here
        return here | self._crew.dead

    def post_mortem(self) -> Verdict:
        """As on one host, once it is known who died at work; but when a host is lost, nobody is suspect."""
        # on this host Open MPI kills the survivors before those on others
        self._dead_here = super().dead_ranks()
        self._crew.await_news(self._knows_culprit, CULPRIT_SECONDS)
        self._overdue |= {rank: self.slots.read(rank) for rank in self._crew.overdue}
        verdict = super().post_mortem()
        lost = self._crew.lost()
        return Verdict(f"The MPI world died: {lost}.", host_lost=True) if lost else verdict

    def _end_processes(self) -> int | None:
        for pidfd in self.ranks:
            kill(pidfd)
        if not self._crew.lost():
            ended([self.mpiexec], REPORT_SECONDS)
        return super()._end_processes()

    def _knows_culprit(self) -> bool:
        # one that computes makes no call of MPI's, and so does not abort after another; rank 0 does
        dead = self._crew.dead if self._dead_here and 0 in self._dead_here else self.dead_ranks()
        return any(self.slots.read(rank).running for rank in dead)

    def _clear(self) -> None:
        self._shell.close()
        self._crew.bury()
        super()._clear()


class _Shell:
    """Hears what Open MPI wants to have run on other hosts (:mod:`tilework.world.spread.launcher_shell`)."""

    def __init__(self, crew: Crew) -> None:
        self.name = f"tilework-{secrets.token_hex(8)}-shell"
        self._crew = crew
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind(f"\0{self.name}")
        self._socket.listen(128)
        threading.Thread(target=self._serve, name="launcher shell", daemon=True).start()

    def close(self) -> None:
        """Hear no more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                try:
                    self._admit(peer)
                except (OSError, TypeError, ValueError):
                    # it knocked, and had nothing to say
                    peer.close()

    def _admit(self, peer: socket.socket) -> None:
        """Raises OSError, TypeError or ValueError for whoever is not Open MPI."""
        if not is_ours(peer):
            raise PermissionError
        peer.settimeout(KNOCK_SECONDS)
        host, command = json.loads(peer.recv(1 << 20))
        self._crew.run(host, command, partial(_answer, peer))


def _answer(peer: socket.socket, status: int) -> None:
    with peer, contextlib.suppress(OSError):
        peer.send(str(abs(status) % 256).encode())
