"""What people really drop ends rightly: the whole corpus at once, through the real drop."""

from __future__ import annotations

import io

import cv2
import numpy as np
import tifffile

from tests.flow.corpus import Specimen, opencv, specimens
from tests.flow.running_system import RunningSystem
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import BytesSource, process
from tilework.jobs.job import Job, State


def inverted(pixels: np.ndarray) -> np.ndarray:
    """The negative, alpha as it was."""
    if pixels.dtype == np.float32:
        return 1 - pixels
    negative = cv2.bitwise_not(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        negative[:, :, 3] = pixels[:, :, 3]
    return negative


def read_again(body: bytes) -> np.ndarray:
    """A result's pixels: a TIFF's by tifffile (OpenCV multiplies colours by alpha), others by OpenCV or ourselves."""
    if body[:2] in {b"II", b"MM"}:
        array = tifffile.imread(io.BytesIO(body))
        return array if array.ndim == 2 else array[:, :, [2, 1, 0, *range(3, array.shape[2])]]
    array = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        array = opencv(process(BytesSource(body), parse("output(png)"), Limits()).body)
    return array


def check(specimen: Specimen, row: Job, running: RunningSystem) -> str:
    """What is wrong with the end of a specimen; empty where it is right."""
    if specimen.code:
        right = row.state is State.FAILED and specimen.code in {row.code, "*"}
        return "" if right and row.reason and row.advice else f"{row.state} {row.code} {row.reason}"
    if row.state is not State.DONE or specimen.pixels is None:
        return f"{row.state} {row.code} {row.reason}"
    found, wanted = read_again(running.result(row)), inverted(specimen.pixels)
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return f"{found.shape} {found.dtype} instead of {wanted.shape} {wanted.dtype}"
    wrong = np.abs(found.astype(np.float64) - wanted)
    limit = 40.0 if specimen.lossy else 0.0
    return "" if wrong.max() <= limit else f"off by up to {wrong.max()}"


def test_every_file_of_the_corpus_ends_once_and_rightly(running: RunningSystem) -> None:
    dropped = {
        running.drop(f"corpus/{number} {specimen.name}", specimen.body, pipeline="invert"): specimen
        for number, specimen in enumerate(specimens())
    }
    rows = running.ended(dropped, 180)
    faults = {
        specimen.name: fault
        for job, specimen in dropped.items()
        if (fault := check(specimen, rows[job], running))
    }
    assert faults == {}
    done = [row for row in rows.values() if row.state is State.DONE]
    for row in done:
        assert len(list(running.system.outputs.versions(row.result_key))) == 1
