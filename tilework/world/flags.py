"""How ``mpiexec`` is called: pure text, so that it can be read and tested without a process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROGRAM = "worker_image.world"
"""The module that every rank runs."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""A rank is one thread of computing: the ranks share the cores out among them, and libraries must not do it again."""

KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
"""What glibc does with freed memory (mallopt(3)): up to 128 MiB stay with the rank for its next image.

Otherwise each array of an image is mapped, zeroed by the kernel and unmapped anew: 8 % of a 12-MP photo's time.
"""

FEW_ARENAS = {"MALLOC_ARENA_MAX": "8"}
"""Heaps of a rank, of which each takes 64 MiB of addresses: glibc would make eight a core as soon as many threads wait
for S3, and a rank's bound (:mod:`tilework.guard.memory`) counts them. One thread computes."""


def shared_memory_folder(directory: Path) -> Path:
    """Where the ranks' shared-memory segments lie: not in /dev/shm, where a killed world would leave them."""
    return directory / "shm"


def temporary_folder(directory: Path) -> Path:
    """Where the launcher's session and all other temporary files lie."""
    return directory / "tmp"


def rank_command(python: str) -> list[str]:
    """The command line of a rank; ``-P`` keeps whatever lies in the working directory from being imported."""
    return [python, "-P", "-m", PROGRAM]


def mpiexec_command(
    mpiexec: str, rank: Sequence[str], *, ranks: int, directory: Path, as_root: bool, tagged: bool = False
) -> list[str]:
    """The command line of a world with ``ranks`` computing ranks and rank 0 on this host; ``rank`` is that of each.

    ``tagged``: whatever a rank prints is told line by line, with its number before it.

    ``pml ob1`` with ``btl self,sm`` keeps Open MPI from looking for a fabric, which takes a second.
    """
    return [
        mpiexec,
        *(["--allow-run-as-root"] if as_root else []),
        *("--oversubscribe", "--bind-to", "none"),
        *(["--tag-output"] if tagged else []),
        *("--mca", "pml", "ob1"),
        *("--mca", "btl", "self,sm"),
        *("--mca", "btl_sm_backing_directory", str(shared_memory_folder(directory))),
        *("-n", str(ranks + 1)),
        *rank,
    ]


def rank_environment(
    base: Mapping[str, str], own: Mapping[str, str], import_path: Sequence[str], directory: Path
) -> dict[str, str]:
    """The environment of mpiexec and its ranks: ``base``, changed by ``own``, and what the world itself needs.

    The ranks import what their starter can import, in the same order (``import_path``), after the caller's PYTHONPATH.
    """
    environment = {**base, **ONE_THREAD, **KEPT_MEMORY, **FEW_ARENAS, **own}
    paths = [own.get("PYTHONPATH", ""), *(path or os.curdir for path in import_path)]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment["TMPDIR"] = str(temporary_folder(directory))
    return environment
