"""What is done to the images, and to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.scope import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

SCRATCH = FOLDER / "large"
TILE = 512

WORKS = {
    "invert": "invert",
    "blur": "blur(9)",
    "erode": "erode(5)",
    "chain": "invert | blur(9) | erode(5)",
    "canny": "canny(100, 200)",
}
"""Pipelines by name."""

LOCAL = ("invert", "blur", "erode", "chain")
"""All but canny, whose results are masks."""


@dataclass(frozen=True, slots=True)
class Input:
    """A square TIFF of ``side`` pixels in tiles of ``kind``: jpeg or deflate."""

    kind: str
    side: int

    @property
    def megapixels(self) -> int:
        """Millions of pixels."""
        return round(self.side**2 / 1e6)

    @property
    def name(self) -> str:
        """What the tables call it."""
        return f"{self.megapixels} MP {self.kind}"

    @property
    def path(self) -> Path:
        """Where it lies once it is made."""
        return SCRATCH / f"{self.kind}-{self.side}.tif"
