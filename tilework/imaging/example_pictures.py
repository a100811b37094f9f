"""The pictures that examples of operations name, drawn by a formula: for tests, and for the pictures in the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats import Picture
from tilework.imaging.pictures import HeldPicture

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.pipeline import Pipeline

SIZE = (36, 24)
"""Columns and rows of the logo: with the margin that overlay has by default it fits the small pictures of tests."""


def example_pictures(image: Image) -> dict[str, Image]:
    """The pictures by name, as ``cv2.imread(…, cv2.IMREAD_UNCHANGED)`` gives them, for an example on ``image``.

    ``logo`` (24, 36, 4) uint8 is a disc beside two bars, soft at its edges; ``reference`` the image itself, a column to
    the right of where it was.
    """
    import numpy as np

    return {"logo": _logo(), "reference": np.roll(image, 1, axis=1)}


def shown_examples(pipeline: Pipeline, image: Image) -> Pipeline:
    """Return the pipeline of an example with the pictures that it names."""
    held = {name: HeldPicture(_picture(found)) for name, found in example_pictures(image).items()}
    return pipeline.seeing(held)


def _picture(array: Image) -> Picture:
    has_alpha = array.ndim == 3 and array.shape[2] == 4  # noqa: PLR2004
    return Picture(array[..., :3], array[..., 3]) if has_alpha else Picture(array)


def _logo() -> Image:
    import numpy as np

    width, height = SIZE
    y, x = np.mgrid[:height, :width].astype(np.int64)
    disc = 121 - (x - 11) ** 2 - (y - 11) ** 2
    bars = (x >= 24) & ((y // 5) % 2 == 1)  # noqa: PLR2004
    alpha = np.where(bars, 224, np.clip(disc * 8, 0, 255))
    blue, green, red = 6 * x, 96 + 5 * y, 240 - 4 * x
    return np.stack([blue, green, red, alpha], axis=-1).astype(np.uint8)
