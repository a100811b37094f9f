"""Images to be previewed, as files."""

from __future__ import annotations

import io

import cv2
import numpy as np
import tifffile

from preview.opened import Opened
from tests.imaging.samples import decoded, jpeg, png  # noqa: F401 - tests find all images here
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.run import BytesSource


def noise(width: int, height: int, channels: int = 3, dtype: str = "uint8", seed: int = 1) -> np.ndarray:
    """Blobs with grain: what every operation makes something of."""
    rng = np.random.default_rng(seed)
    shape = (height, width) if channels == 1 else (height, width, channels)
    smooth = cv2.GaussianBlur(rng.random(shape), (0, 0), 4)
    smooth = (smooth - smooth.min()) / max(smooth.max() - smooth.min(), 1e-9)
    mixed = 0.9 * smooth + 0.1 * rng.random(shape)
    return mixed.astype(dtype) if dtype.startswith("float") else (mixed * np.iinfo(dtype).max).astype(dtype)


def tiff(image: np.ndarray, tile: int = 64, levels: int = 0, compression: str = "zlib") -> bytes:
    """A tiled TIFF of (height, width) or blue, green, red; with ``levels`` overviews."""
    held = image if image.ndim == 2 else image[:, :, ::-1]
    photometric = "minisblack" if image.ndim == 2 else "rgb"
    file = io.BytesIO()
    options = {"tile": (tile, tile), "photometric": photometric, "compression": compression}
    with tifffile.TiffWriter(file) as writer:
        writer.write(held, **options, metadata=None)
        for level in range(1, levels + 1):
            writer.write(held[:: 1 << level, :: 1 << level], **options, subfiletype=1, metadata=None)
    return file.getvalue()


def opened(body: bytes, image_bytes: int = 64 * MIB, page: int | None = None) -> Opened:
    image = Opened(BytesSource(body), Limits(), image_bytes=image_bytes, page=page)
    image.prepare()
    return image
