"""Twelve-megapixel JPEGs with the entropy of photographs."""

from __future__ import annotations

import cv2
import numpy as np

WIDTH, HEIGHT = 4000, 3000


def twelve_megapixels(seed: int) -> bytes:
    """One 4000 x 3000 JPEG of about 4 MB: shapes at several scales, and a sensor's grain (standard deviation 4)."""
    generator = np.random.default_rng(seed)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for cells, strength in ((5, 90), (40, 45), (320, 20)):
        coarse = generator.uniform(0, strength, (cells * 3 // 4, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    picture += generator.standard_normal((HEIGHT, WIDTH, 1), np.float32) * 4
    done, body = cv2.imencode(
        ".jpg", np.clip(picture + 40, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92]
    )
    assert done
    return body.tobytes()
