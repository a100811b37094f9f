"""What a world's death means for the tasks that were in it: pure reasoning over what was found."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import WorldDiedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOLD = 1
"""mpiexec's exit code when it was told to end, and had to kill its ranks."""

_SIGNALLED = 128
"""mpiexec's exit code for a rank that a signal ended, less the signal's number, as a shell has it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why the world died: ``reason``, the ``signal`` that did it, if one did, and the tasks that are ``suspects``."""

    reason: str
    signal: int | None = None
    suspects: frozenset[int] = frozenset()

    def error(self, task: int) -> WorldDiedError:
        """The failure of ``task``."""
        return WorldDiedError(self.reason, suspect=task in self.suspects, signal=self.signal)


def judge(code: int, dead: Mapping[int, int], running: Mapping[int, int], *, headless: bool) -> Verdict:
    """The verdict from mpiexec's exit ``code`` (negative: killed by a signal), the ``dead`` and their tasks.

    ``dead`` are the process ids, by rank, of the ranks that were gone when the death was noticed; ``running`` the tasks
    that their slots name. ``headless``: rank 0, which computes nothing, died as well, and not by our hand. When mpiexec
    itself was killed, or told to end, all ranks die with it, and nobody is suspect. When the death is noticed so late
    that mpiexec has killed the survivors, all of them are: better an innocent tried alone than a culprit let go.
    """
    if code < 0:
        return Verdict(f"The MPI world died: mpiexec was killed by {_name(-code)}.", -code)
    if code == _TOLD and headless:
        return Verdict("The MPI world died: mpiexec was told to end it.")
    number = code - _SIGNALLED if code > _SIGNALLED else None
    was = "were" if len(dead) > 1 else "was"
    ended = f"{was} killed by {_name(number)}" if number else f"exited with status {code}"
    if not dead:
        return Verdict(f"The MPI world died: mpiexec {ended}.", number)
    who = " and ".join(f"rank {rank} (pid {pid})" for rank, pid in dead.items())
    return Verdict(f"The MPI world died: {who} {ended}.", number, frozenset(running.values()))


def _name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
