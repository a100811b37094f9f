"""Correlation with a kernel of any size, so that no pixel depends on how an image was cut.

cv2.filter2D turns to a Fourier transform where a kernel is large, and what that gives depends on the size of what it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from tilework.imaging.operations.contract import Image

STRIP_SAMPLES = 1 << 18
"""Samples of an image that are worked on at a time in floats: with their sum they stay in a core's cache."""

SSE3 = 3
"""OpenCV's number for processors with SSE3, on which it transforms later (CV_CPU_SSE3)."""


def correlated(image: Image, kernel: Image, delta: float = 0.0) -> Image:
    """Return the sum of each pixel's neighbours, each times its number in ``kernel``, and ``delta``; depth as the image's.

    ``kernel`` (rows, columns) is float64, and not turned round; its anchor is at ``(columns // 2, rows // 2)``. Beyond the
    edge the image is reflected (REFLECT_101). Kernels that cv2.filter2D sums directly are left to it. The sums of others
    are made of its sums of parts of the kernel, row by row, in float32 (float64 of float64), and rounded once.
    """
    import cv2

    if kernel.size < _transformed(image.dtype):
        return cv2.filter2D(image, -1, kernel, delta=delta)
    return _in_parts(image, kernel, delta)


def _transformed(dtype: np.dtype[np.generic]) -> int:
    """Numbers in a kernel from which on cv2.filter2D transforms (imgproc/src/filter.dispatch.cpp, dft_filter_size)."""
    import cv2

    return 130 if str(dtype) in {"uint8", "float32"} and cv2.checkHardwareSupport(SSE3) else 50


def _in_parts(image: Image, kernel: Image, delta: float) -> Image:
    import cv2
    import numpy as np

    rows, columns = kernel.shape
    before, left = rows // 2, columns // 2
    margins = (before, rows - 1 - before, left, columns - 1 - left)
    padded = cv2.copyMakeBorder(image, *margins, cv2.BORDER_REFLECT_101)
    result = np.empty_like(image)
    step = max(rows, STRIP_SAMPLES // image[0].size)
    for top in range(0, len(image), step):
        strip = result[top : top + step]
        total = _sum(padded[top : top + len(strip) + rows - 1], kernel)
        total += delta
        if image.dtype.kind != "f":
            limits = np.iinfo(str(image.dtype))
            np.clip(np.rint(total, out=total), limits.min, limits.max, out=total)
        strip[:] = total
    return result


def _sum(padded: Image, kernel: Image) -> np.ndarray[Any, np.dtype[np.floating[Any]]]:
    """The sum in floats, where all of the kernel lies within ``padded``."""
    import cv2
    import numpy as np

    floats: Image = padded.astype(np.float64 if padded.dtype == np.float64 else np.float32, copy=False)
    height, width = padded.shape[0] - kernel.shape[0] + 1, padded.shape[1] - kernel.shape[1] + 1
    total: np.ndarray[Any, Any] = np.zeros((height, width, *padded.shape[2:]), floats.dtype)
    for top, left, part in _parts(kernel, _transformed(floats.dtype) - 1):
        rows, columns = part.shape
        view = floats[top : top + height + rows - 1, left : left + width + columns - 1]
        with np.errstate(invalid="ignore", over="ignore"):  # infinite values give not-a-numbers
            total += cv2.filter2D(view, -1, part, anchor=(0, 0))[:height, :width]
    return total


def _parts(kernel: Image, most: int) -> Iterator[tuple[int, int, Image]]:
    """Rectangles of at most ``most`` numbers, not all 0, with their place in the kernel."""
    columns = min(kernel.shape[1], most)
    rows = max(1, most // columns)
    for top in range(0, kernel.shape[0], rows):
        for left in range(0, kernel.shape[1], columns):
            part = kernel[top : top + rows, left : left + columns]
            if part.any():
                yield top, left, part
