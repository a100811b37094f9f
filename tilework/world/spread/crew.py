"""The other hosts of one world: what is known here of their ranks, and what is asked of their agents."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tilework.errors import HostsError
from tilework.world.spread.messages import (
    Beat,
    Begin,
    Begun,
    Died,
    End,
    Ended,
    Run,
    RunEnded,
    Watch,
    Watching,
)
from tilework.world.spread.networks import network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tilework.world.slots import SlotFile
    from tilework.world.spread.link import HostLink
    from tilework.world.spread.messages import Hello

A = TypeVar("A")

ANSWER_SECONDS = 10.0
"""How long an agent may take to do what it is told; one that is silent is lost earlier."""


@dataclass(slots=True)
class Member:
    """One of them, with its ``ranks``, and what its agent has answered so far."""

    link: HostLink
    hello: Hello
    ranks: range
    answer: object = None
    lost: bool = False
    run_ended: Callable[[int], None] | None = None


class Crew:
    """``members`` beside the starter's host ``home``, where rank 0 and ``own`` computing ranks are.

    ``alarm`` becomes readable when a rank of another host has died, or such a host is lost.
    """

    def __init__(self, home: str, own: int, members: Sequence[Member]) -> None:
        self.home = home
        self.own = own
        self.members = tuple(members)
        self.dead: set[int] = set()
        self.overdue: set[int] = set()
        self.alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._slots: SlotFile | None = None
        self._changed = threading.Condition()
        self._ending = False
        self._buried = False

    @property
    def ranks(self) -> int:
        """Ranks that compute, on all hosts."""
        return self.own + sum(len(member.ranks) for member in self.members)

    @property
    def address(self) -> str:
        """The address of this host, as the others see it."""
        return self.members[0].hello.starter

    def networks(self) -> str:
        """Where MPI is to look for its ways, and nowhere else: a list for Open MPI."""
        found = {member.hello.network for member in self.members}
        found |= {network_of(member.hello.starter) for member in self.members}
        return ",".join(sorted(found))

    def host_file(self) -> str:
        """The hosts with their numbers of processes, for mpiexec."""
        lines = [f"{self.home} slots={self.own + 1}"]
        lines += [f"{member.link.name} slots={len(member.ranks)}" for member in self.members]
        return "".join(f"{line}\n" for line in lines)

    def lost(self) -> str:
        """The hosts that are lost, and why, as words; empty where none is."""
        with self._changed:
            return " and ".join(
                f"host {member.link.name} is lost: {member.link.reason}"
                for member in self.members
                if member.lost
            )

    def await_news(self, enough: Callable[[], bool], seconds: float) -> None:
        """Until what is known of the other hosts is ``enough``, one is lost, or all are ending; at most ``seconds``."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._ending or any(member.lost for member in self.members) or enough(), seconds
            )

    # --- what agents are told ----------------------------------------------------------------------------------------

    def begin(self, folder: str, initializer: bytes, environment: Mapping[str, str]) -> None:
        """Have each make its folder. Raises HostsError."""
        for member in self.members:
            member.link.send(Begin(folder, self.ranks + 1, member.ranks, initializer, environment))
        faulty = [(member, answer.fault) for answer, member in self._answers(Begun) if answer.fault]
        for member, fault in faulty:
            # the next world does without
            member.link.drop(fault)
        if faulty:
            raise HostsError(f"Host {faulty[0][0].link.name} cannot take part: {faulty[0][1]}.")

    def run(self, host: str, command: str, ended: Callable[[int], None]) -> None:
        """Have ``host`` run MPI's daemon; ``ended`` is told its status."""
        for member in self.members:
            if member.link.name == host and not member.lost:
                member.run_ended = ended
                member.link.send(Run(command))
                return
        ended(1)

    def watch(self, slots: SlotFile) -> None:
        """Have all ranks watched, and bring home to ``slots`` what they do. Raises HostsError."""
        with self._changed:
            self._slots = slots
        for member in self.members:
            member.link.send(Watch())
        for answer, member in self._answers(Watching):
            if not answer.complete:
                raise HostsError(f"MPI has placed other ranks on host {member.link.name} than it was to.")

    def end(self) -> None:
        """Have all end their ranks at once; returns before they have. Any thread may, at any time."""
        with self._changed:
            if self._ending:
                return
            self._ending = True
            self._slots = None
        for member in self.members:
            member.link.send(End())
            if member.run_ended is not None:
                # whatever Open MPI has waiting for it lets go of the world's output
                member.run_ended(1)

    def bury(self) -> None:
        """Wait until all have ended; one that does not answer is let go, and found again."""
        self.end()
        with self._changed:
            self._changed.wait_for(lambda: not self._without(Ended), ANSWER_SECONDS)
            late = self._without(Ended)
            self._buried = True
            os.close(self.alarm)
        for member in late:
            member.link.drop(f"its ranks did not end within {ANSWER_SECONDS:g} s")

    def _without(self, kind: type[object]) -> list[Member]:
        """The members that are there and have not answered by a message of this ``kind``."""
        return [each for each in self.members if not each.lost and not isinstance(each.answer, kind)]

    def _answers(self, kind: type[A]) -> list[tuple[A, Member]]:
        """The answer of each member. Raises HostsError where one is lost or takes too long."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._without(kind) or any(member.lost for member in self.members), ANSWER_SECONDS
            )
            lost = [member for member in self.members if not isinstance(member.answer, kind)]
            if lost:
                raise HostsError(f"Host {lost[0].link.name} does not answer. {lost[0].link.reason}")
            return [(member.answer, member) for member in self.members if isinstance(member.answer, kind)]

    # --- what they tell, on the threads of their links ---------------------------------------------------------------

    def hear(self, link: HostLink, message: object) -> None:
        """Take a message from a member."""
        member = next(member for member in self.members if member.link is link)
        with self._changed:
            match message:
                case Beat(_, slots) | Died(slots, _) | Watching(_, slots) if self._slots is not None:
                    for rank, slot in slots.items():
                        self._slots.mirror(rank, slot)
            match message:
                case Died(slots, overdue):
                    self.dead |= slots.keys()
                    self.overdue |= overdue
                    self._ring()
                case Begun() | Watching() | Ended():
                    member.answer = message
            self._changed.notify_all()
        if isinstance(message, RunEnded) and member.run_ended is not None:
            member.run_ended(message.status)

    def lose(self, link: HostLink) -> None:
        """A member is gone."""
        member = next(member for member in self.members if member.link is link)
        with self._changed:
            member.lost = True
            self._ring()
            self._changed.notify_all()
        if member.run_ended is not None:
            member.run_ended(1)

    def _ring(self) -> None:
        if not self._buried:
            os.eventfd_write(self.alarm, 1)
