"""How many pixels share a chroma sample in the JPEG tiles of a TIFF. TIFF 6.0, section 21."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats.tiff_coding import JPEG
from tilework.imaging.formats.tiff_samples import YCBCR

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.formats.tiff_directory import Directory

YCBCR_SUBSAMPLING = 530
DEFAULT = (2, 2)
SUBSAMPLINGS = {"4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}
"""Columns and rows of pixels that share a chroma sample."""


def subsampling(directory: Directory, detail: TiffDetail) -> str | None:
    """The chroma subsampling of JPEG tiles in YCbCr, as the directory has it; None for an unusual one, and others."""
    if detail.coding.compression != JPEG or detail.samples.photometric != YCBCR:
        return None
    found = directory.numbers(YCBCR_SUBSAMPLING) or DEFAULT
    return next((name for name, sides in SUBSAMPLINGS.items() if sides == found), None)
