"""Whether two pictures are the same, bit by bit, and where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture


def unlike(one: Picture, other: Picture) -> bool:
    """Whether depth, shape or any bit differs, of colour or alpha."""
    return as_bytes(one) != as_bytes(other)


def as_bytes(picture: Picture) -> bytes:
    """All that makes a picture what it is."""
    alpha = b"" if picture.alpha is None else picture.alpha.tobytes()
    return b"|".join([f"{picture.size} {picture.pixels}".encode(), picture.colour.tobytes(), alpha])


def apart(one: Picture, other: Picture) -> float:
    """The largest difference of two samples of colour; infinite where the pictures are of another kind."""
    if one.colour.shape != other.colour.shape:
        return float("inf")
    return float(np.nanmax(np.abs(one.colour.astype(float) - other.colour.astype(float))))


def where(expected: Picture, found: Picture) -> str:
    """A sentence's part on how ``found`` differs from what was expected."""
    if (expected.size, expected.pixels) != (found.size, found.pixels):
        return f"{found.pixels} of {found.size} instead of {expected.pixels} of {expected.size}"
    differs = expected.colour != found.colour
    if not differs.any():
        return (
            "the alpha differs"
            if expected.alpha is not None
            else "not-a-number or the sign of a zero differs"
        )
    row, column, *_ = np.argwhere(differs)[0].tolist()
    return (
        f"{np.count_nonzero(differs)} sample(s) differ, the first at column {column}, row {row}: "
        f"{found.colour[row, column].tolist()} instead of {expected.colour[row, column].tolist()}"
    )
