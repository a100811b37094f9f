"""Folders of photos beside their limit, which is measured here."""

from __future__ import annotations

import shutil
import statistics
from typing import TYPE_CHECKING

from benchmarks.large.contestants import process, timed
from benchmarks.large.inputs import photos
from benchmarks.large.works import SCRATCH
from benchmarks.photos import PIPELINE, seconds_alone
from benchmarks.scope import CORES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Seconds of a short and a long folder, and a photo's alone, in turn."""
    few, many = (photos(count, *scope.photo) for count in scope.folders)
    bodies = [path.read_bytes() for path in sorted(few.iterdir())]
    shorter, longer, alone = [], [], []
    for _ in range(scope.rounds):
        alone.append(sum(seconds_alone(bodies).values()))
        shorter.append(_seconds(few))
        longer.append(_seconds(many))
        print(f"photos: {shorter[-1]:.2f} s and {longer[-1]:.2f} s; alone {alone[-1]:.3f} s", flush=True)
    yield "", {
        "folders": scope.folders, "megapixels": scope.megapixels,
        "shorter": shorter, "longer": longer, "alone": alone,
    }  # fmt: skip


def told(rows: Rows) -> Iterator[str]:
    """Photos a second from folder to folder, and of the limit."""
    figures = rows[""].figures
    shorter, longer, alone = (statistics.median(figures[name]) for name in ("shorter", "longer", "alone"))
    few, many = figures["folders"]
    rate, limit = (many - few) / (longer - shorter), CORES / alone
    yield (
        f"{many} JPEGs of {figures['megapixels']} megapixels, {PIPELINE}, folder to folder on {CORES} ranks:"
        f" {many / longer:.2f} a second with the start, {rate:.2f} without it (told by a shorter folder); the limit,"
        f" {alone * 1000:.0f} ms of one thread a photo divided by the cores, is {limit:.2f}. Reached:"
        f" {rate / limit:.2f} (0.9)."
    )


def _seconds(folder: Path) -> float:
    target = SCRATCH / "photos-results"
    shutil.rmtree(target, ignore_errors=True)
    return timed(process(folder, target, PIPELINE, CORES)).outside
