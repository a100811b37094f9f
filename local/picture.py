"""A picture of 24 megapixels worth looking at: marble, as paint that was stirred a few times looks.

Run as ``python -m local.picture PATH``; the launcher does so while the embedded AWS is being set up.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH: Final = 6000
HEIGHT: Final = 4000
"""Pixels: 24 million, as a good camera's."""

ROWS: Final = 200
"""Computed at once: 200 rows of float32 coordinates stay in the processor's cache, and memory at some 20 MB."""

STIRS: Final = ((0.62, 1.7, 0.3), (0.41, 2.9, 1.9), (0.23, 5.3, 4.1), (0.11, 10.7, 2.2))
"""Each stir shifts x by amplitude · sin(frequency · y + phase), then y likewise by the shifted x."""

VEINS: Final = 0.09
"""How far fine lines shift the colours: what an edge detector is to find."""

COLOURS: Final = (
    (0.00, (10, 24, 48)), (0.18, (18, 74, 110)), (0.36, (94, 158, 170)), (0.52, (236, 226, 200)),
    (0.66, (226, 150, 84)), (0.84, (150, 52, 54)), (1.00, (40, 14, 34)),
)  # fmt: skip
"""The palette: deep water, foam, clay."""

QUALITY: Final = 90


def marble(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """The picture: uint8, shape (height, width, 3), RGB; the same at each call."""
    return marble_rows(0, height, width, height)


def marble_rows(top: int, bottom: int, width: int, height: int) -> NDArray[np.uint8]:
    """Its rows from ``top`` to before ``bottom``: uint8, shape (rows, width, 3), RGB."""
    palette = _palette()
    picture = np.empty((bottom - top, width, 3), np.uint8)
    for start in range(top, bottom, ROWS):
        rows = np.arange(start, min(start + ROWS, bottom), dtype=np.float32)
        shades = _shades(rows[:, None], np.arange(width, dtype=np.float32), height)
        picture[start - top : start - top + ROWS] = palette[shades]
    return picture


def _shades(rows: NDArray[np.float32], columns: NDArray[np.float32], height: int) -> NDArray[np.uint8]:
    """Entries of the palette for some rows: uint8, shape (rows, columns)."""
    scale = np.float32(4 / height)
    y = np.broadcast_to(rows * scale, (len(rows), len(columns)))
    x = columns * scale
    for amplitude, frequency, phase in STIRS:
        x = x + np.float32(amplitude) * np.sin(np.float32(frequency) * y + np.float32(phase))
        y = y + np.float32(amplitude) * np.sin(np.float32(frequency) * x + np.float32(phase))
    bands = np.sin(np.float32(2.1) * x) + np.sin(np.float32(1.3) * y + x)
    veins = np.float32(VEINS) * np.sin(np.float32(60) * bands + np.float32(5) * x)
    shades: NDArray[np.float32] = (bands + veins + np.float32(2 + VEINS)) * np.float32(255 / (4 + 2 * VEINS))
    return shades.astype(np.uint8)


def _palette() -> NDArray[np.uint8]:
    """256 colours: uint8, shape (256, 3)."""
    stops = [stop for stop, _ in COLOURS]
    shades = np.linspace(0, 1, 256)
    bands = [np.interp(shades, stops, [colour[band] for _, colour in COLOURS]) for band in range(3)]
    return np.stack(bands, axis=1).round().astype(np.uint8)


def main() -> int:
    """Write the picture to the path that the command line names; a file that is there is whole."""
    target = Path(sys.argv[1])
    partial = target.with_name(f"{target.name}.partial")
    Image.fromarray(marble()).save(partial, "JPEG", quality=QUALITY)
    partial.replace(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
