"""What ICC profiles are asked here: which colours one describes, and what a picture of inks looks like. ICC.1:2010."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tilework.errors import UnsupportedPixelsError

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

SPACE_AT = 16
"""Where a profile names the colours that it describes, in four letters (section 7.2)."""

SPACE_BYTES = 4
CMYK = b"CMYK"

STRIP_PIXELS = 1 << 18
"""Pixels converted at a time: littleCMS works on Pillow's images, which take 4 bytes a pixel, twice."""


def to_srgb(inks: Image, profile: bytes) -> Image:
    """Return what a picture of inks looks like in sRGB, by littleCMS with the perceptual intent.

    ``inks`` is (height, width, 4) of uint8, 255 for a full ink; the result (height, width, 3), blue first. It is what
    Pillow's ``ImageCms.profileToProfile`` gives. Raises :class:`~tilework.errors.UnsupportedPixelsError` for a profile
    that cannot be used.
    """
    import numpy as np
    from PIL import ImageCms
    from PIL.Image import fromarray

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), "CMYK", "RGB", ImageCms.Intent.PERCEPTUAL
        )
    except (ImageCms.PyCMSError, OSError) as error:
        raise UnsupportedPixelsError(
            "The image has CMYK pixels, and its ICC profile, which says what its inks look like, is damaged.",
            advice="Convert it to RGB first.",
        ) from error
    height, width = inks.shape[:2]
    result = np.empty((height, width, 3), np.uint8)
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = fromarray(inks[top : top + rows], "CMYK")
        result[top : top + rows] = np.asarray(transform.apply(strip))[:, :, ::-1]
    return result
