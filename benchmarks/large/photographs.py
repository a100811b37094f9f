"""Folders of 12-megapixel JPEGs beside their limit, which is measured here."""

from __future__ import annotations

import shutil
import statistics
import time
from typing import TYPE_CHECKING

import cv2
import simplejpeg

from benchmarks.large.contestants import CORES, process, timed
from benchmarks.large.inputs import photos
from benchmarks.large.works import SCRATCH, WORKS
from tilework.imaging.formats.jpeg import encoded

if TYPE_CHECKING:
    from pathlib import Path

FEW, MANY = 6, 30


def paragraph(rounds: int) -> str:
    """Photos a second from folder to folder, and of the limit."""
    few, many = photos(FEW), photos(MANY)
    shorter, longer, alone = [], [], []
    for _ in range(rounds):
        alone.append(_seconds_alone(few))
        shorter.append(_seconds(few))
        longer.append(_seconds(many))
    limit = CORES / statistics.median(alone)
    whole = statistics.median(longer)
    rate = (MANY - FEW) / (whole - statistics.median(shorter))
    return (
        f"**Photos.** {MANY} JPEGs of 12 megapixels, blur(9), folder to folder on {CORES} ranks: {MANY / whole:.2f} a second"
        f" with the start, {rate:.2f} without it (told by a shorter folder); the limit is {limit:.2f}. Reached:"
        f" {rate / limit:.2f} (0.9)."
    )


def _seconds(folder: Path) -> float:
    target = SCRATCH / "photos-results"
    shutil.rmtree(target, ignore_errors=True)
    return timed(process(folder, target, WORKS["blur"], CORES)).outside


def _seconds_alone(folder: Path) -> float:
    """Seconds a photo of decoder, kernel and encoder in one thread."""
    cv2.setNumThreads(1)
    bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
    began = time.perf_counter()
    for body in bodies:
        encoded(cv2.GaussianBlur(simplejpeg.decode_jpeg(body, "BGR"), (9, 9), 0), "4:2:0")
    return (time.perf_counter() - began) / len(bodies)
