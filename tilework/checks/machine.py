"""What a machine must have for a world of some ranks: mpiexec, memory, a disk with room that can be mapped."""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from tilework.checks.check import Check
from tilework.checks.ranks import machine_memory
from tilework.errors import UnfitError
from tilework.guard.memory import SLACK
from tilework.imaging.limits import MIB
from tilework.world.launch import find_mpiexec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tilework.imaging.limits import Limits

IDLE_RANK = 60 * MIB
"""What a rank takes of memory before it has seen an image (measured)."""

DISK_OF_WORLD = 64 * MIB
"""What a world writes at most besides what its ranks share: its log, the blame slots, Open MPI's session."""

SHARED_BY_RANK = 8 * MIB
"""Of the file through which a rank speaks to the others (Open MPI's btl/sm segment)."""

MPIEXEC, MEMORY, SHARED_MEMORY, DISK = 13, 14, 15, 16
"""Exit statuses of a host whose machine will not do."""


def machine_checks(ranks: int, directory: Path, limits: Limits) -> list[Check]:
    """What is to be looked at for ``ranks`` that compute, whose world lies in ``directory``."""
    return [
        Check("mpiexec", MPIEXEC, find_mpiexec_here),
        Check("memory", MEMORY, lambda: enough_memory(ranks, limits, machine_memory())),
        Check("disk", DISK, lambda: enough_disk(directory, DISK_OF_WORLD + SHARED_BY_RANK * ranks)),
        Check("shared memory", SHARED_MEMORY, lambda: can_share_memory(directory)),
    ]


def find_mpiexec_here() -> str:
    """Where mpiexec is. Raises SetupError."""
    return f"{find_mpiexec()} starts the MPI world."


def enough_memory(ranks: int, limits: Limits, memory: int) -> str:
    """How many of ``ranks`` may have a whole working set at once. Raises UnfitError where they have no room even idle."""
    idle = IDLE_RANK * (ranks + 2)
    if idle + SLACK > memory:
        raise UnfitError(
            f"{ranks} ranks take {_mib(idle + SLACK)} before they have seen an image, and there are {_mib(memory)}.",
            advice="Set TILEWORK_RANKS to fewer, or take a larger machine.",
        )
    at_once = max(0, min(ranks, (memory - idle) // limits.working_set))
    return f"{_mib(memory)}: {at_once} of {ranks} ranks can have a working set of {_mib(limits.working_set)} at once."


def enough_disk(directory: Path, needed: int, free: Callable[[Path], int] | None = None) -> str:
    """How much room there is for ``directory``. Raises UnfitError where it cannot be written or is less than needed."""
    room = (free or _free)(_made(directory))
    if room < needed:
        raise UnfitError(
            f"The disk of {directory} has {_mib(room)} left, and a world needs {_mib(needed)}.",
            advice="Make room, or let TILEWORK_DIRECTORY name a folder on another disk.",
        )
    return f"{_mib(room)} free at {directory}."


def can_share_memory(directory: Path) -> str:
    """That processes can map one file below ``directory``, as ranks do to speak to each other. Raises UnfitError."""
    try:
        with tempfile.TemporaryFile(dir=_made(directory)) as file:
            os.posix_fallocate(file.fileno(), 0, MIB)
            with mmap.mmap(file.fileno(), MIB) as shared:
                shared[:4] = b"seen"
                file.seek(0)
                seen = file.read(4)
    except (OSError, ValueError) as error:
        raise UnfitError(
            f"Processes cannot share memory through files in {directory}: {error}",
            advice="Let TILEWORK_DIRECTORY name a folder on a local disk, or in memory.",
        ) from None
    if seen != b"seen":
        raise UnfitError(
            f"What one process maps of a file in {directory}, another does not see.",
            advice="Let TILEWORK_DIRECTORY name a folder on a local disk, or in memory.",
        )
    return f"Ranks share memory through files in {directory}."


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnfitError(
            f"The folder {directory} cannot be made: {error}",
            advice="Let TILEWORK_DIRECTORY name a folder that this process may write to.",
        ) from None
    return directory


def _free(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def _mib(size: int) -> str:
    return f"{size / MIB:,.0f} MiB"
