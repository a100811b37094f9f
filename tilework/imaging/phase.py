"""What this process is doing with its image just now, in one byte that outlives it.

The byte lies in memory that is shared: a rank shows its phase in its blame slot, and what is forked from a process goes
on writing where that did. So whoever buries a process knows what it died of its work at.
"""

from __future__ import annotations

import mmap
from typing import Literal, TypeAlias, get_args

Phase: TypeAlias = Literal[
    "other", "read", "decode", "kernels", "encode", "halve", "write", "scratch", "store", "assemble"
]
"""``scratch`` is what stages leave for each other, ``other`` what nobody claims, as copies into place."""

PHASES: tuple[Phase, ...] = get_args(Phase)
"""A phase's place in it is its byte."""

_WORDS: dict[Phase, str] = {
    "read": "reading",
    "decode": "decoding",
    "kernels": "running the operations",
    "encode": "encoding",
    "halve": "making overviews",
    "write": "writing",
    "scratch": "keeping what other units need",
    "store": "storing",
    "assemble": "assembling the result",
}

# a page of its own until a rank has a slot: a guarded child's phase reaches its parent wherever that runs
_shown: memoryview = memoryview(mmap.mmap(-1, 1))


def shown_in(byte: memoryview) -> None:
    """Show the phase in ``byte``, the one of a view of shared memory, from now on: what a rank does once."""
    global _shown  # noqa: PLW0603 - a process is in one phase at a time
    _shown = byte


def enter(phase: Phase) -> Phase:
    """Be at ``phase`` from now on; return the one before."""
    before = _shown[0]
    _shown[0] = _BYTES[phase]
    return PHASES[before]


def current() -> Phase:
    """The phase that this process, or the last one forked from it that had anything to say, is in."""
    return PHASES[_shown[0]]


def while_at(phase: Phase) -> str:
    """The end of a sentence, `` while decoding``; nothing where nobody knows."""
    return f" while {_WORDS[phase]}" if phase in _WORDS else ""


_BYTES = {phase: byte for byte, phase in enumerate(PHASES)}
