"""Operations that each break one promise, as one breaks it by a slip."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, ClassVar

import cv2
import numpy as np

from tests.testing.wrong_measured import (
    CountsWrong,
    Darken,
    LacksAColumn,
    LastCounts,
    Listing,
    MarginCountsTwice,
    MeanOfMeans,
    NotCounted,
    NotSorted,
    ObjectsMeasured,
    Reporting,
    ReportsNothing,
    ReportsObjects,
    SumOfFloats,
)
from tilework.imaging.operations import (
    Arguments,
    Example,
    LocalOperation,
    Operation,
    Parameter,
    Pixels,
    Site,
)
from tilework.imaging.operations.contract import NO_ALIGNMENT
from tilework.imaging.windows import Margin, Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

COUNTS: dict[str, int] = {}


class Right(LocalOperation):
    """A Gaussian of five pixels, as it should be: what the others are made wrong from."""

    name = "right"
    family = "tests"
    summary = "A Gaussian."
    formula = "cv2.GaussianBlur(image, (5, 5), 0)"
    dtypes = ("uint8", "float32")
    examples = (Example(text="right", python="cv2.GaussianBlur(image, (5, 5), 0)"),)

    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(2, 2)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.GaussianBlur(image, (5, 5), 0)


class Named(Right):
    """One by another name."""

    def __init_subclass__(cls, **more: object) -> None:
        super().__init_subclass__(**more)
        cls.name = cls.__name__.lower()
        cls.examples = tuple(Example(text=cls.name, python=each.python) for each in cls.examples)


class SmallMargin(Named):
    def margin(self, arguments: Arguments) -> Margin:
        return Margin(2, 2, 1, 2)


class NoMargin(Named):
    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(0, 0)


class WrongAnchor(Named):
    """The element of four rows reaches two before and one behind; this says the other way round."""

    examples = (Example(text="_", python="cv2.erode(image, np.ones((4, 4), np.uint8))"),)

    def margin(self, arguments: Arguments) -> Margin:
        return Margin(1, 1, 2, 2)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.erode(image, np.ones((4, 4), np.uint8))


class AlphaThroughABlur(Named):
    """Alpha is filtered by a kernel that is wider than the colour's."""

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        return cv2.GaussianBlur(alpha, (9, 9), 0)[site.output.within(site.source)]


class NotAligned(Named):
    """Vector loops and their scalar tails round floats differently."""

    dtypes = ("float32",)
    examples = (Example(text="_", python="cv2.GaussianBlur(image, (9, 9), 0)"),)

    def alignment(self, pixels: Pixels) -> Size:
        return NO_ALIGNMENT

    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(4, 4)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.GaussianBlur(image, (9, 9), 0)


class Flip(Operation):
    """Mirrors, and asks for the window itself instead of the mirrored one."""

    name = "flip_wrong"
    family = "tests"
    summary = formula = "cv2.flip(image, 1)"
    dtypes = ("uint8",)
    examples = (Example(text="flip_wrong", python="cv2.flip(image, 1)"),)

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        return output

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        return cv2.flip(image, 1)

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        return cv2.flip(alpha, 1)


class FromTheCorner(Named):
    """A gradient over the window instead of over the image."""

    examples = ()

    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(0, 0)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        ramp = np.arange(image.shape[1], dtype=image.dtype)
        return image + ramp.reshape((1, -1) + (1,) * (image.ndim - 2))


class Counter(Named):
    """Adds how often it was called."""

    examples = ()

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        COUNTS["calls"] = COUNTS.get("calls", 0) + 1
        return image + image.dtype.type(COUNTS["calls"] % 7)


class QuietCounter(Named):
    """Only counts, in an attribute of its own."""

    def __init__(self) -> None:
        self.calls = 0

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        self.calls += 1
        return super().kernel(image, arguments)


class FirstImage(Named):
    """Subtracts the mean of the first image that it ever saw."""

    examples = ()
    dtypes = ("uint8",)
    _first: ClassVar[list[int]] = []

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        if not self._first:
            self._first.append(int(image.mean()))
        return cv2.subtract(image, np.full_like(image, self._first[0]))


class Dice(Named):
    """Random, without a seed."""

    examples = ()

    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(0, 0)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return image + image.dtype.type(random.randrange(9))  # noqa: S311 - what is wrong with it


class InPlace(Named):
    """Writes into what it was given."""

    examples = ()

    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(0, 0)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        image //= 2
        return image


class WrongDepth(Named):
    """Gives floats, and declares what came in."""

    examples = ()

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return super().kernel(image, arguments).astype(np.float32) / 2


class DeepColours(Named):
    """Declares colours of another depth, and leaves the alpha as it was."""

    examples = ()
    dtypes = ("uint8",)

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        return Pixels("float32", pixels.channels, pixels.alpha)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return super().kernel(image, arguments).astype(np.float32)


class Warns(Named):
    """Divides by zero, and lets everybody know."""

    examples = ()
    dtypes = ("float32",)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return super().kernel(image / np.float32(0), arguments)


class WrongChannels(Named):
    """Gives one channel, and declares three."""

    examples = ()

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


class WrongSize(Named):
    """Declares the half, rounded up, and gives it rounded down."""

    examples = ()

    def output_size(self, size: Size, arguments: Arguments) -> Size:
        return Size(-(-size.width // 2), -(-size.height // 2))

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        return Window(output.left * 2, output.top * 2, output.right * 2, output.bottom * 2).clamped(size)

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        return image[1::2, 1::2]

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        return alpha[1::2, 1::2]


class NoMask(Named):
    """A soft edge in what is called a mask."""

    examples = ()
    dtypes = ("uint8",)
    channels = (1,)
    makes_mask = True


class Grey(Named):
    """A mask of two values of which none is 0."""

    examples = (Example(text="_", python="np.where(image > 99, np.uint8(255), np.uint8(1))"),)
    dtypes = ("uint8",)
    channels = (1,)
    makes_mask = True

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return np.where(image > 99, np.uint8(255), np.uint8(1))


class Bounds(Named):
    """Allows even sizes, which cv2.medianBlur does not take."""

    examples = (Example(text="_", python="cv2.medianBlur(image, 3)"),)
    dtypes = ("uint8",)
    parameters = (
        Parameter(name="size", type="int", help="Side of the square.", default=3, minimum=1, maximum=31),
    )

    def margin(self, arguments: Arguments) -> Margin:
        return Margin.even(int(arguments["size"]) // 2, int(arguments["size"]) // 2)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.medianBlur(image, int(arguments["size"]))


class Unbounded(Bounds):
    """Only small numbers are taken by OpenCV, and no bound is stated."""

    parameters = (Parameter(name="size", type="int", help="Side of the square.", default=3, odd=True),)


class Choice(Named):
    """Offers a choice that the kernel knows nothing of."""

    examples = ()
    dtypes = ("uint8",)
    parameters = (
        Parameter(name="way", type="word", help="Which way.", default="up", choices=("up", "down", "aside")),
    )

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.GaussianBlur(image, {"up": (1, 5), "down": (5, 1)}[str(arguments["way"])], 0)


class NotPicklable(Named):
    def __init__(self) -> None:
        self.function = lambda image: image


class WrongExample(Named):
    """The Python beside it has another border."""

    examples = (
        Example(text="_", python="cv2.GaussianBlur(image, (5, 5), 0, borderType=cv2.BORDER_REPLICATE)"),
    )


class OneWrongDepth(Named):
    """The Python beside it is right for bytes alone."""

    examples = (Example(text="_", python="cv2.GaussianBlur(image.astype(np.uint8), (5, 5), 0)"),)


WRONG: tuple[tuple[Operation, set[str]], ...] = (
    (SmallMargin(), {"windows", "tiles"}),
    (NoMargin(), {"windows", "tiles"}),
    (WrongAnchor(), {"windows", "tiles"}),
    (AlphaThroughABlur(), {"windows", "tiles"}),
    (NotAligned(), {"windows", "tiles"}),
    (Flip(), {"windows", "tiles"}),
    (FromTheCorner(), {"windows", "tiles"}),
    (Counter(), {"purity"}),
    (QuietCounter(), {"purity"}),
    (FirstImage(), {"purity"}),
    (Dice(), {"purity"}),
    (InPlace(), {"purity"}),
    (WrongDepth(), {"declared"}),
    (WrongChannels(), {"declared"}),
    (DeepColours(), {"declared"}),
    (Warns(), {"bounds"}),
    (WrongSize(), {"declared"}),
    (NoMask(), {"declared"}),
    (Grey(), {"declared"}),
    (Bounds(), {"bounds"}),
    (Unbounded(), {"bounds"}),
    (Choice(), {"bounds"}),
    (NotPicklable(), {"pickling"}),
    (WrongExample(), {"examples"}),
    (OneWrongDepth(), {"examples"}),
    (LastCounts(), {"grouping"}),
    (MeanOfMeans(), {"grouping"}),
    (SumOfFloats(), {"grouping"}),
    (MarginCountsTwice(), {"grouping"}),
    (ObjectsMeasured(), {"pickling"}),
    (ReportsNothing(), {"reports"}),
    (ReportsObjects(), {"reports"}),
    (LacksAColumn(), {"reports"}),
    (NotSorted(), {"reports"}),
    (NotCounted(), {"reports"}),
    (CountsWrong(), {"reports"}),
)
"""Each with the promises of which one at least must be found broken."""

RIGHT: tuple[Operation, ...] = (Right(), Darken(), Reporting(), Listing())
