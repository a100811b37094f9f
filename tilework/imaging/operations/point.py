"""Operations on single pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import Example, LocalOperation

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments


class Invert(LocalOperation):
    """The negative of the image."""

    name = "invert"
    family = "point"
    summary = "The negative: light becomes dark, each colour its complement."
    formula = (
        "cv2.bitwise_not(image): 255 - v (uint8), 65535 - v (uint16), -1 - v (int16, int32); 1 - v (floats)"
    )
    dtypes = ("uint8", "uint16", "int16", "int32", "float32", "float64")
    examples = (
        Example(text="invert", python="cv2.bitwise_not(image)", dtypes=("uint8", "uint16", "int16", "int32")),
        Example(
            text="invert()", python="1 - image", title="White is 1 in floats.", dtypes=("float32", "float64")
        ),
    )

    def kernel(self, image: Image, arguments: Arguments) -> Image:  # noqa: ARG002
        """Flip every bit of whole numbers; for floats, where white is 1, subtract from 1."""
        import cv2

        if image.dtype.kind == "f":
            return 1 - image
        return cv2.bitwise_not(image)


OPERATIONS = (Invert(),)
