"""Measured operations that each break one promise, as one breaks it by a slip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tilework.imaging.operations import Arguments, Example, Measured, MeasuredOperation, Part, Reduced, Site
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations.contract import Arrays, Image


class Darken(MeasuredOperation):
    """Subtracts the mean, rounded down, as it should be."""

    name = "darken_right"
    family = "tests"
    summary = formula = "v - floor(mean)"
    dtypes = ("uint8",)
    examples = (
        Example(
            text="darken_right",
            python="cv2.subtract(image, np.full_like(image, int(image.sum(dtype=np.int64) // image.size)))",
        ),
    )

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        core = image[site.output.within(site.source)]
        return Measured({"sum": core.sum(dtype=np.int64), "count": np.int64(core.size)}, {})

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        return Reduced({name: sum(part.partial[name] for part in parts) for name in ("sum", "count")}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return {"mean": partial["sum"] // partial["count"]}

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.subtract(image, np.full_like(image, int(arguments["mean"])))


class Other(Darken):
    """One by another name."""

    def __init_subclass__(cls, **more: object) -> None:
        super().__init_subclass__(**more)
        cls.name = cls.__name__.lower()
        cls.examples = tuple(Example(text=cls.name, python=each.python) for each in cls.examples)


class LastCounts(Other):
    """Takes what the last part says, instead of all."""

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        return Reduced(parts[-1].partial, {})


class MeanOfMeans(Other):
    """Parts count alike, however many pixels they have."""

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        return Measured(
            {"sum": np.float64(image[site.output.within(site.source)].mean()), "count": np.int64(1)}, {}
        )


class SumOfFloats(Other):
    """Floats are summed, and each grouping rounds its own way."""

    dtypes = ("float32",)
    examples = ()

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        core = image[site.output.within(site.source)]
        return Measured({"sum": core.sum(dtype=np.float64), "count": np.int64(core.size)}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return {"mean": partial["sum"] / partial["count"]}

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return image - np.float32(arguments["mean"])


class MarginCountsTwice(Other):
    """Measures the window with its margin."""

    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(1, 1)

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        return Measured({"sum": image.sum(dtype=np.int64), "count": np.int64(image.size)}, {})


class ObjectsMeasured(Other):
    """Measures what no array of numbers can hold."""

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        measured = super().measure(image, site, arguments)
        return Measured({**measured.partial, "seen": np.array([site], dtype=object)}, {})
