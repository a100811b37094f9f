"""Who takes part, and how each is started."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.large.limit import layout_of
from benchmarks.large.works import LOCAL, SCRATCH, WORKS, Input
from benchmarks.scope import CORES, FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
LOCK = HERE / "peers.txt"
TARGET = SCRATCH / "result.tif"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run: by the clock outside, by the contestant's own, and the latter's parts."""

    outside: float
    inside: float
    parts: tuple[dict[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Contestant:
    """One that takes part in some works on some kinds of tiles; ``overviews`` says that it writes the pyramid, too."""

    name: str
    works: tuple[str, ...]
    overviews: bool
    kinds: tuple[str, ...] = ("jpeg", "deflate")

    def takes_part(self, given: Input, work: str) -> bool:
        """Whether this is something for it."""
        return work in self.works and given.kind in self.kinds

    def run(self, given: Input, work: str) -> Timing:
        """Do the work once, in a process of its own."""
        TARGET.unlink(missing_ok=True)
        return timed(self.command(given, work))

    def command(self, given: Input, work: str) -> list[str]:
        """The command line."""
        raise NotImplementedError


class Tilework(Contestant):
    """``tilework process``, its name tells on how many ranks."""

    def command(self, given: Input, work: str) -> list[str]:
        """The command line that a user would type."""
        return process(
            given.path, TARGET, WORKS[work], self.ranks, *([] if self.overviews else ["--no-overviews"])
        )

    @property
    def ranks(self) -> int:
        """Ranks that compute."""
        return 1 if self.name == ONE_RANK else CORES


class Peer(Contestant):
    """A script in the peers' own environment."""

    def command(self, given: Input, work: str) -> list[str]:
        """The script, told what all scripts are told."""
        script, *more = SCRIPTS[self.name]
        told = (given.path, TARGET, work, coding_of(given, work), CORES)
        return [str(peers_python()), str(HERE / "peers" / script), *map(str, told), *more]


class Limit(Contestant):
    """Codecs and kernels alone: on one core, or a share on each core at the same time."""

    def run(self, given: Input, work: str) -> Timing:
        """Run the shares at once; the last to end counts."""
        shares = 1 if self.name == LIMIT else CORES
        began = time.perf_counter()
        arguments = ["-m", "benchmarks.large.limit", str(given.path), work, "--part"]
        running = [
            subprocess.Popen(
                [sys.executable, *arguments, f"{share}/{shares}"], stdout=subprocess.PIPE, text=True
            )
            for share in range(shares)
        ]
        told = [json.loads(process.communicate()[0]) for process in running]
        inside = max(each["seconds"] for each in told)
        return Timing(time.perf_counter() - began, inside, tuple(each["parts"] for each in told))


TILEWORK, ONE_RANK, PLAIN = f"Tilework, {CORES} ranks", "Tilework, 1 rank", "Tilework, no overviews"
LIBVIPS, LIBVIPS_GREY, LIBVIPS_95 = "libvips", "libvips (grey first)", "libvips (quality 95)"
OPENCV, DASK = "OpenCV whole-image", "dask-image"
LIMIT, LIMIT_TOGETHER = "one thread", "one thread a core"
SCRIPTS = {
    LIBVIPS: ("libvips.py",),
    LIBVIPS_GREY: ("libvips.py", "grey"),
    LIBVIPS_95: ("libvips.py", "quality-95"),
    OPENCV: ("opencv_whole.py",),
    DASK: ("dask_blocks.py",),
}
ALL = tuple(WORKS)
CONTESTANTS: tuple[Contestant, ...] = (
    Tilework(TILEWORK, ALL, overviews=True),
    Tilework(ONE_RANK, ALL, overviews=True),
    Peer(LIBVIPS, ALL, overviews=True),
    Peer(LIBVIPS_GREY, ("canny",), overviews=True),
    Peer(LIBVIPS_95, LOCAL, overviews=True, kinds=("jpeg",)),
    Limit(LIMIT, ALL, overviews=True),
    Limit(LIMIT_TOGETHER, ALL, overviews=True),
    Tilework(PLAIN, ALL, overviews=False),
    Peer(OPENCV, ALL, overviews=False),
    Peer(DASK, LOCAL, overviews=False),
)
"""In the order in which they take turns."""


def coding_of(given: Input, work: str) -> str:
    """How the tiles of Tilework's result are packed: "deflate", or "jpeg" with the chroma's subsampling."""
    layout = layout_of(given.path, work)
    return f"jpeg {layout.subsampling}" if layout.compression == "jpeg" else layout.compression


def process(source: Path, target: Path, pipeline: str, ranks: int, *more: str) -> list[str]:
    """A command line of ``tilework process``."""
    words = ["process", str(source), str(target), "--pipeline", pipeline, "--ranks", str(ranks)]
    return [sys.executable, "-m", "tilework.cli", *words, "--json", "--profile", *more]


def timed(command: Sequence[str]) -> Timing:
    """Run a command that prints JSON objects with their ``seconds``; raise where it fails."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    outside = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(
            f"{command} ended with {done.returncode}: {done.stderr[-2000:]}{done.stdout[-2000:]}"
        )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    profiles = told[0].get("profile", []) if len(told) == 1 else []
    return Timing(outside, sum(each["seconds"] for each in told), tuple(profiles))


def peers_python() -> Path:
    """The Python of the peers' environment, which is made from its lock where it is missing or older.

    BENCH_PEERS_PYTHON names one that has them all.
    """
    if given := os.environ.get("BENCH_PEERS_PYTHON"):
        return Path(given)
    folder = FOLDER / "peers"
    python, stamp = folder / "bin" / "python", folder / "lock"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
        subprocess.run(install, check=True)
        stamp.write_text(wanted)
    return python
