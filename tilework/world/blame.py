"""What a world's death means for the tasks that were in it: pure reasoning over what was found."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tilework.errors import WorldDiedError
from tilework.imaging.phase import while_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.imaging.phase import Phase

_TOLD = 1
"""mpiexec's exit code when it was told to end, and had to kill its ranks."""

_SIGNALLED = 128
"""mpiexec's exit code for a rank that a signal ended, less the signal's number, as a shell has it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why the world died: ``reason``, the ``signal`` that did it, if one did, and the tasks that are ``suspects``.

    Those among them that were ``overdue`` had their ranks killed for it. ``host_lost``: one of its hosts was.
    """

    reason: str
    signal: int | None = None
    suspects: frozenset[int] = frozenset()
    overdue: frozenset[int] = frozenset()
    host_lost: bool = False

    def error(self, task: int) -> WorldDiedError:
        """The failure of ``task``."""
        return WorldDiedError(
            self.reason, suspect=task in self.suspects, overdue=task in self.overdue, signal=self.signal,
            host_lost=self.host_lost,
        )  # fmt: skip


def judge(
    code: int | None, dead: Mapping[int, int], running: Mapping[int, int], *,
    headless: bool, overdue: Mapping[int, float] = MappingProxyType({}),
    phases: Mapping[int, Phase] = MappingProxyType({}),
) -> Verdict:  # fmt: skip
    """The verdict from mpiexec's exit ``code`` (negative: killed by a signal; None: it told nothing), the ``dead`` and their tasks.

    ``dead`` are the process ids, by rank, of the ranks that were gone when the death was noticed; ``running`` the tasks
    that their slots name, and ``phases`` what they were at; ``overdue`` the ranks that were killed for a task that took
    longer than so many seconds. ``headless``: rank 0, which computes nothing, died as well, and not by our hand. When
    mpiexec itself was killed, or told to end, all ranks die with it, and nobody is suspect. When the death is noticed so late
    that mpiexec has killed the survivors, all of them are: better an innocent tried alone than a culprit let go.
    """
    if code is not None and code < 0:
        return Verdict(f"The MPI world died: mpiexec was killed by {signal_name(-code)}.", -code)
    if code == _TOLD and headless:
        return Verdict("The MPI world died: mpiexec was told to end it.")
    number = code - _SIGNALLED if code is not None and code > _SIGNALLED else None
    if overdue:
        killed = _did({rank: dead[rank] for rank in overdue}, "killed", phases)
        reason = f"The MPI world died: {killed}, being at work on one task for more than {max(overdue.values()):.3g} s."
        late = frozenset(running[rank] for rank in overdue)
        return Verdict(reason, number, frozenset(running.values()), late)
    if code is None:
        how = "ended in a way that mpiexec did not tell"
    else:
        how = f"killed by {signal_name(number)}" if number else f"exited with status {code}"
    if not dead:
        return Verdict(f"The MPI world died: mpiexec {'was ' if number else ''}{how}.", number)
    return Verdict(f"The MPI world died: {_did(dead, how, phases)}.", number, frozenset(running.values()))


def _did(pids: Mapping[int, int], how: str, phases: Mapping[int, Phase]) -> str:
    """Who was killed, or exited, and while at what."""
    passive = how.startswith("killed")
    if len(pids) == 1:
        ((rank, pid),) = pids.items()
        return f"rank {rank} (pid {pid}) {'was ' if passive else ''}{how}{_while(rank, phases)}"
    ranks = " and ".join(f"rank {rank} (pid {pid}){_while(rank, phases)}" for rank, pid in pids.items())
    return f"{ranks} {'were ' if passive else ''}{how}"


def _while(rank: int, phases: Mapping[int, Phase]) -> str:
    return while_at(phases.get(rank, "other"))


def signal_name(number: int) -> str:
    """A signal as people know it: ``signal 11 (SIGSEGV)``."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
