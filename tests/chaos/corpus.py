"""What is dropped: photos, large images and bad files, each with the pipeline it goes through and the end that is right for it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import tifffile

from tests.flow.pictures import decoded, encoded, jpeg, noise, png, tiled_tiff
from tests.flow.test_drop_to_result import PIPELINES

if TYPE_CHECKING:
    from random import Random

Pixels = np.ndarray[Any, np.dtype[Any]]

LARGE_SHARE, BAD_LARGE_SHARE, BAD_SHARE = 0.025, 0.01, 0.11
"""Of what is dropped; all else are photos."""

SIDES, BAD_SIDES = (4_000, 5_000), (2_000, 5_000)
"""Of a large image, and of one that fails: 20 and 10 megapixels, which the block size below makes many units of."""

TILE = 512
BLOCK_BYTES = 32 << 20
LARGE_PIPELINES = ("invert()", "blur(9)", "blur(5) | erode(3) | invert()", "canny(100, 200)")


@dataclass(frozen=True, slots=True)
class Specimen:
    """A file: ``pipelines`` that it may be dropped with, and the ``codes`` of its failure, none for a good one."""

    name: str
    suffix: str
    body: bytes = field(repr=False)
    pipelines: tuple[str, ...]
    codes: tuple[str, ...] = ()
    large: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """All of them, made once."""

    photos: tuple[Specimen, ...]
    large: tuple[Specimen, ...]
    bad_large: tuple[Specimen, ...]
    bad: tuple[Specimen, ...]

    def draw(self, random: Random) -> tuple[Specimen, str]:
        """The next to be dropped, and its pipeline."""
        shares = (LARGE_SHARE, BAD_LARGE_SHARE, BAD_SHARE)
        kinds = (self.large, self.bad_large, self.bad, self.photos)
        specimen = random.choice(random.choices(kinds, (*shares, 1 - sum(shares)))[0])
        return specimen, random.choice(specimen.pipelines)


def make() -> Corpus:
    """The corpus, the same each time."""
    small = [noise(480, 640, seed=seed) for seed in range(3)]
    ordinary = tuple(PIPELINES)
    photos = (
        *(Specimen(f"photo-{n}", ".jpg", jpeg(picture), ordinary) for n, picture in enumerate(small)),
        Specimen("drawing", ".png", png(smooth(704, 904)), ordinary),
        Specimen("grey", ".png", png(noise(300, 400, 1)), ordinary),
        Specimen("deep", ".png", png(noise(200, 300, 3, np.uint16)), ("blur(9)", "invert()", "erode(3)")),
    )
    large = (
        Specimen("scan", ".tif", tiled_tiff(smooth(*SIDES), TILE, predictor=2), LARGE_PIPELINES, large=True),
    )
    scan = tiled_tiff(smooth(*BAD_SIDES), TILE, predictor=2)
    bad_large = (
        Specimen("broken-scan", ".tif", broken(scan), ("invert()", "blur(9)"), ("damaged",), large=True),
        Specimen("killing-scan", ".tif", scan, ("kill_rank()",), ("crashed",), large=True),
    )
    return Corpus(photos, large, bad_large, _bad(jpeg(small[0]), png(small[1])))


def smooth(height: int, width: int) -> Pixels:
    """Noise, eight times as large: different everywhere, and quickly compressed."""
    coarse: Any = noise(height // 8, width // 8, seed=3)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def _bad(photo: bytes, drawing: bytes) -> tuple[Specimen, ...]:
    usual = ("invert()", "blur(9)")
    return (
        Specimen("no-image", ".jpg", b"Dear diary, this is no image.", usual, ("not_an_image",)),
        Specimen("truncated", ".jpg", photo[: len(photo) // 2], usual, ("damaged",)),
        Specimen("truncated", ".png", drawing[: len(drawing) // 2], usual, ("damaged",)),
        Specimen("empty", ".png", b"", usual, ("empty",)),
        Specimen("bad-pipeline", ".jpg", photo, ("blurr(9)", "blur(8)", "invert() |"), ("bad_pipeline",)),
        Specimen("killer", ".jpg", photo, ("kill_rank()",), ("crashed",)),
        Specimen("thrower", ".jpg", photo, ("raise_error()",), ("operation_failed",)),
        Specimen("looper", ".jpg", photo, ("spin()",), ("too_slow",)),
        Specimen("hoarder", ".jpg", photo, ("hoard()",), ("out_of_memory",)),
    )


def broken(scan: bytes) -> bytes:
    """With a tile in the middle that is no deflate stream."""
    with tifffile.TiffFile(io.BytesIO(scan)) as file:
        page: Any = file.pages[0]
        middle = len(page.dataoffsets) // 2
        start, count = page.dataoffsets[middle], page.databytecounts[middle]
    return scan[:start] + b"\xff" * count + scan[start + count :]


# --- what the result must be -----------------------------------------------------------------------------------------


class Truth:
    """Compares results with one OpenCV call on the whole image, computed here; equal bytes are compared once."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[str, str, str], str] = {}

    def fault(self, specimen: Specimen, pipeline: str, result: bytes) -> str:
        """What is wrong with a result, empty where it is right."""
        key = (specimen.name + specimen.suffix, pipeline, hashlib.sha256(result).hexdigest())
        if key not in self._verdicts:
            self._verdicts[key] = _fault(specimen, pipeline, result)
        return self._verdicts[key]


def _fault(specimen: Specimen, pipeline: str, result: bytes) -> str:
    try:
        found = _pixels(specimen, result)
    except Exception as error:  # noqa: BLE001 - whatever a reader says of it, it is no result
        return f"it cannot be read: {error!r}"
    wanted = expected(specimen, pipeline)
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return f"it is {found.shape} {found.dtype}, not {wanted.shape} {wanted.dtype}"
    wrong = int(np.count_nonzero(found != wanted))
    return f"{wrong:,} of {wanted.size:,} samples are not OpenCV's" if wrong else ""


def _pixels(specimen: Specimen, body: bytes) -> Pixels:
    """Blue first, as OpenCV has them."""
    if specimen.suffix != ".tif":
        return decoded(body)
    found: Pixels = tifffile.imread(io.BytesIO(body), key=0)
    return found if found.ndim == 2 else np.ascontiguousarray(found[:, :, ::-1])


@cache
def expected(specimen: Specimen, pipeline: str) -> Pixels:
    """OpenCV's pixels; where they fit a JPEG and came from one, as they are once they were encoded."""
    made = PIPELINES[pipeline](_pixels(specimen, specimen.body))
    if specimen.suffix == ".jpg" and made.ndim == 3:
        made = decoded(encoded(".jpg", made, cv2.IMWRITE_JPEG_QUALITY, 95))
    return made
