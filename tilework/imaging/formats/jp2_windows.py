"""Windows of a JPEG 2000 codestream of one tile, which no binding of OpenJPEG's but GDAL's gives.

GDAL gets a bare codestream: of its format, boxes, palettes, colours and places on the earth it never hears.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING

from tilework.imaging.formats.jp2 import hearing
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size, tiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedRandom
    from typing import Any

    from tilework.imaging.operations.contract import Image
    from tilework.imaging.windows import Window

CACHE_BYTES = 64 * MIB
"""Of GDAL's blocks, 1,024 pixels on a side: one is decoded for all components at once, and asked for by each. That is 8
MiB of four components with 16 bits."""

SETTINGS: dict[str, Any] = {
    "GDAL_CACHEMAX": CACHE_BYTES,
    "GDAL_NUM_THREADS": 1,
    "GDAL_PAM_ENABLED": False,
    "GDAL_GEOREF_SOURCES": "NONE",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_DRIVER_PATH": "disable",
    "USE_TILE_AS_BLOCK": False,
}
"""Nothing is looked for beside the file, nothing is written, and no code is loaded that is not in the wheel."""


def read_windows(file: BufferedRandom, size: Size, damage: str) -> Iterator[tuple[Window, Image]]:
    """Yield each window of a codestream of ``size`` in a file, and its (rows, columns, components) of 8 or 16 bits, row by row.

    Raises DamagedImageError that begins with ``damage``.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError
    from rasterio.windows import Window as Place

    with contextlib.ExitStack() as stack:
        stack.enter_context(rasterio.Env(**SETTINGS))
        with hearing("rasterio", damage, RasterioError), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            data = rasterio.open(f"/proc/self/fd/{file.fileno()}", driver="JP2OpenJPEG")
        stack.enter_context(data)
        for window in tiles(size, Size(*data.block_shapes[0][::-1])):
            with hearing("rasterio", damage, RasterioError):
                pixels = data.read(window=Place(window.left, window.top, window.width, window.height))
            yield window, pixels.transpose(1, 2, 0)
