"""JPEGs with the entropy of photographs, and what OpenCV alone takes for one."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import cv2
import numpy as np
import simplejpeg

from tilework.imaging.formats.jpeg import encoded

if TYPE_CHECKING:
    from collections.abc import Sequence

DISTINCT = 6
"""So many are made; where more are wanted, they come again."""

PIPELINE = "blur(9)"


def photographs(columns: int, rows: int) -> list[bytes]:
    """The photos, each of about 4 MB where they have 12 megapixels."""
    return [photograph(seed, columns, rows) for seed in range(DISTINCT)]


def photograph(seed: int, columns: int, rows: int) -> bytes:
    """One JPEG: shapes at several scales, and a sensor's grain (standard deviation 4)."""
    generator = np.random.default_rng(seed)
    picture = np.zeros((rows, columns, 3), np.float32)
    for cells, strength in ((5, 90), (40, 45), (320, 20)):
        coarse = generator.uniform(0, strength, (cells * 3 // 4, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    picture += generator.standard_normal((rows, columns, 1), np.float32) * 4
    done, body = cv2.imencode(
        ".jpg", np.clip(picture + 40, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92]
    )
    assert done
    return body.tobytes()


def seconds_together(bodies: Sequence[bytes], cores: int) -> float:
    """Median seconds a photo of the same with a thread on every core at the same time, a process each."""
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        # the first turn starts the processes
        for _ in range(2):
            told = list(pool.map(seconds_alone, [bodies] * cores))
    return statistics.median(sum(each.values()) for each in told)


def seconds_alone(bodies: Sequence[bytes]) -> dict[str, float]:
    """Median seconds a photo that Tilework's decoder, kernel and encoder take by themselves in one thread."""
    cv2.setNumThreads(1)
    times: dict[str, list[float]] = {"decode": [], "kernel": [], "encode": []}
    for body in bodies:
        marks = [time.perf_counter()]
        image = simplejpeg.decode_jpeg(body, "BGR")
        marks.append(time.perf_counter())
        image = cv2.GaussianBlur(image, (9, 9), 0)
        marks.append(time.perf_counter())
        encoded(image, "4:2:0")
        marks.append(time.perf_counter())
        for name, begin, end in zip(times, marks, marks[1:], strict=False):
            times[name].append(end - begin)
    return {name: statistics.median(values) for name, values in times.items()}
