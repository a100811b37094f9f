"""Pictures that are different everywhere, as files."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray


def noise(
    height: int, width: int, channels: int = 3, dtype: type = np.uint8, seed: int = 0
) -> NDArray[np.generic]:
    """Smooth shapes under noise, (height, width[, channels])."""
    generator = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    coarse = generator.integers(0, top, (max(2, height // 16), max(2, width // 16), channels)).astype(
        np.float32
    )
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(
        height, width, channels
    )
    grain = generator.normal(0, top / 25, (height, width, channels))
    picture = np.clip(smooth + grain, 0, top).astype(dtype)
    return picture[:, :, 0] if channels == 1 else picture


def png(picture: NDArray[np.generic]) -> bytes:
    return encoded(".png", picture)


def jpeg(picture: NDArray[np.generic], quality: int = 92) -> bytes:
    return encoded(".jpg", picture, cv2.IMWRITE_JPEG_QUALITY, quality)


def tiled_tiff(picture: NDArray[np.generic], tile: int = 512, **options: Any) -> bytes:
    """In deflated square tiles; ``picture`` is red first, ``options`` are tifffile's."""
    file = io.BytesIO()
    tifffile.imwrite(
        file, picture, tile=(tile, tile), compression="zlib", compressionargs={"level": 1},
        photometric="rgb", metadata=None, **options,
    )  # fmt: skip
    return file.getvalue()


def encoded(suffix: str, picture: NDArray[np.generic], *options: int) -> bytes:
    done, body = cv2.imencode(suffix, picture, list(options))
    assert done
    return body.tobytes()


def decoded(body: bytes, flags: int = cv2.IMREAD_UNCHANGED) -> NDArray[np.generic]:
    picture = cv2.imdecode(np.frombuffer(body, np.uint8), flags)
    assert picture is not None
    return picture
