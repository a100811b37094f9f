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


RANK_SETTINGS = {**ONE_THREAD, **KEPT_MEMORY, **FEW_ARENAS}
"""What each rank is told, wherever it is."""


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


def spread_flags(
    mpiexec: str, python: str, *, ranks: int, host_file: Path, networks: str, agent: str, tagged: bool = False
) -> list[str]:
    """The command line of a world over the hosts of ``host_file``, which fills one after the other with ranks.

    All ways lie in ``networks``: what else a host has (bridges of containers, other cards) leads nowhere. ``agent`` is
    what starts MPI's daemon on another host, called with a host and a command; the daemon stays its child.
    """
    return [
        mpiexec,
        *("--hostfile", str(host_file), "--map-by", "slot"),
        *("--oversubscribe", "--bind-to", "none", "--leave-session-attached"),
        *(["--tag-output"] if tagged else []),
        *("--prtemca", "plm", "ssh"),
        *("--prtemca", "plm_ssh_agent", agent),
        *("--prtemca", "plm_ssh_no_tree_spawn", "1"),
        *("--prtemca", "prte_keep_fqdn_hostnames", "1"),
        *("--prtemca", "prte_if_include", networks),
        *("--mca", "pml", "ob1"),
        *("--mca", "btl", "self,sm,tcp"),
        *("--mca", "btl_tcp_if_include", networks),
        *("-n", str(ranks + 1)),
        *rank_command(python),
    ]


def rank_environment(
    base: Mapping[str, str], own: Mapping[str, str], import_path: Sequence[str], directory: Path
) -> dict[str, str]:
    """The environment of mpiexec and its ranks: ``base``, changed by ``own``, and what the world itself needs.

    The ranks import what their starter can import, in the same order (``import_path``), after the caller's PYTHONPATH.
    """
    environment = {**base, **RANK_SETTINGS, **own}
    paths = [own.get("PYTHONPATH", ""), *(path or os.curdir for path in import_path)]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment["TMPDIR"] = str(temporary_folder(directory))
    return environment
