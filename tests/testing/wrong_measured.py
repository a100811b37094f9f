"""Measured operations that each break one promise, as one breaks it by a slip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tilework.imaging.operations import (
    Arguments,
    Example,
    Measured,
    MeasuredOperation,
    Part,
    Reduced,
    Report,
    Site,
)
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations import Pixels
    from tilework.imaging.operations.contract import Arrays, Image
    from tilework.imaging.windows import Size


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


class Reporting(Other):
    """Reports the mean, as it should."""

    reports = True

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        return Report({"mean": int(known["mean"])})


class ReportsNothing(Other):
    """Says that it reports, and does not."""

    reports = True


class ReportsObjects(Reporting):
    """Reports what JSON does not hold."""

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        return Report({"mean": {int(known["mean"])}})


class LacksAColumn(Reporting):
    """Leaves a column out of its rows."""

    columns = ("mean", "median")

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        return Report({}, [{"mean": int(known["mean"])}])


class Listing(Reporting):
    """Lists where it is dark, row by row, as it should."""

    lists = True
    columns = ("x", "y")
    examples = (Example(text="_", python="image"),)

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        core = image[site.output.within(site.source)]
        y, x = np.nonzero(core.reshape(*core.shape[:2], -1).min(axis=2) < 20)
        places = {"x": x + site.output.left, "y": y + site.output.top}
        return Measured({"count": np.int64(x.size)}, listed=places)

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        return Reduced({"count": sum(part.partial["count"] for part in parts)}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return {"count": partial["count"], "mean": np.int64(0)}

    def rows(self, held: Arrays, known: Arrays) -> Arrays:
        return held or {"x": np.zeros(0, int), "y": np.zeros(0, int)}

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        places = sorted(zip(known["y"].tolist(), known["x"].tolist(), strict=True))
        return Report({}, [{"x": x, "y": y} for y, x in places])


class NotSorted(Listing):
    """Reports rows as they come, and in units they come otherwise."""

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        return Report({}, [{"x": x, "y": y} for x, y in zip(known["x"], known["y"], strict=True)])


class NotCounted(Listing):
    """Does not say how many rows there are."""

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return {"mean": np.int64(0)}


class CountsWrong(Listing):
    """Counts one too many."""

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return {"count": partial["count"] + 1, "mean": np.int64(0)}
