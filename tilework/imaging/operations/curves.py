"""Operations that give each sample another brightness along a curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import Example
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.tabled import Curve

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

FLOATS = ("float32", "float64")

WIDEST = 1_000_000
"""Beyond the values of every whole number that is taken; floats of sensors are seldom greater."""

POWER_COST = 0.1
"""Seconds of a core for a million samples. Measured: a look-up 0.0003 to 0.0014, a power of a float 0.004, and up to 0.053
where half of them are 0."""

QUICK_COST = 0.02
"""Seconds of a core for a million samples. Measured: a look-up 0.0003 to 0.0011, floats up to 0.007."""

EXPONENT = Parameter(
    name="gamma",
    type="float",
    help="The exponent: below 1 lightens, above 1 darkens, 1 leaves everything as it is.",
    minimum=0.01,
    maximum=100,
    example=0.5,
)


class Gamma(Curve):
    """A power of the brightness."""

    name = "gamma"
    summary = "Gamma: the middle tones become lighter (below 1) or darker (above 1); black and white stay."
    formula = "white * (max(v, 0) / white) ** gamma, white being 255 (uint8), 65535 (uint16) or 1 (floats)"
    values = (
        "Whole numbers are rounded half to even. Monotone; nothing saturates but floats below 0. Powers are of "
        "float64; those of float64 images may differ in the last bit between processors with and without AVX-512."
    )
    parameters = (EXPONENT,)
    examples = (
        Example(
            text="gamma(0.5)",
            python="cv2.LUT(image, np.uint8(np.rint(255 * (np.arange(256) / 255) ** 0.5)))",
            title="Lighter middle tones.",
            dtypes=("uint8",),
        ),
        Example(
            text="gamma(2.2)",
            python="cv2.LUT(image, np.uint16(np.rint(65535 * (np.arange(65536) / 65535) ** 2.2)))",
            title="Darker middle tones, in 16 bits.",
            dtypes=("uint16",),
        ),
        Example(
            text="gamma(2.2)",
            python="np.power(np.maximum(image, 0), 2.2, dtype=np.float64).astype(image.dtype)",
            title="White is 1 in floats.",
            dtypes=FLOATS,
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """A power of each float."""
        return POWER_COST

    def curve(self, values: Image, white: int, arguments: Arguments) -> Image:
        """Not-a-number stays."""
        import numpy as np

        share = np.maximum(values, 0)
        if white != 1:
            np.divide(share, white, out=share)
        _power(share, float(arguments["gamma"]))
        return share if white == 1 else np.multiply(share, white, out=share)


def _power(values: Image, gamma: float) -> Image:
    """Raise floats from 0 on, in their own memory.

    In float64, whatever they are: NumPy's powers of float32 differ in the last bit between processors with and without
    AVX-512, in a fifth of all samples; rounded from float64, measured in 2,000,000, they do not.
    """
    import numpy as np

    return np.power(values, gamma, out=values, dtype=np.float64, casting="same_kind")


class Levels(Curve):
    """A part of the range of brightness, stretched to all of it."""

    name = "levels"
    summary = "Levels: what is as dark as black becomes black, what is as light as white white, all between is stretched."
    formula = "w * clip((v - black) / (white - black), 0, 1) ** gamma, w being 255 (uint8), 65535 (uint16) or 1 (floats)"
    values = (
        "Whole numbers are rounded half to even. Monotone; saturates below black and above white. Powers as of "
        "gamma."
    )
    parameters = (
        Parameter(
            name="black",
            type="float",
            help="The value that becomes black, in the image's own numbers; whatever is below becomes black, too.",
            minimum=-WIDEST,
            maximum=WIDEST,
            example=20,
        ),
        Parameter(
            name="white",
            type="float",
            help="The value that becomes white, above black; whatever is beyond becomes white, too.",
            minimum=-WIDEST,
            maximum=WIDEST,
            example=235,
        ),
        Parameter(
            name="gamma",
            type="float",
            help="The exponent of what is between, as of the operation gamma: below 1 lightens, above 1 darkens.",
            default=1.0,
            minimum=EXPONENT.minimum,
            maximum=EXPONENT.maximum,
        ),
    )
    examples = (
        Example(
            text="levels(20, 235)",
            python="cv2.LUT(image, np.uint8(np.rint(255 * np.clip((np.arange(256) - 20) / (235 - 20), 0, 1))))",
            dtypes=("uint8",),
        ),
        Example(
            text="levels(300, 4095, 0.5)",
            python="cv2.LUT(image, np.uint16(np.rint(65535 * "
            "np.clip((np.arange(65536) - 300) / (4095 - 300), 0, 1) ** 0.5)))",
            title="A sensor of 12 bits to all of 16, with lighter middle tones.",
            dtypes=("uint16",),
        ),
        Example(
            text="levels(-0.5, 2, 1.5)",
            python="np.power(np.clip((image + 0.5) / 2.5, 0, 1), 1.5, dtype=np.float64).astype(image.dtype)",
            dtypes=FLOATS,
        ),
    )

    def check(self, arguments: Arguments) -> None:
        """There is something between black and white."""
        if float(arguments["black"]) >= float(arguments["white"]):
            raise ValueError("white is above black")

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """A power of each float, mostly."""
        return POWER_COST

    def curve(self, values: Image, white: int, arguments: Arguments) -> Image:
        """Not-a-number stays."""
        import numpy as np

        black, light, gamma = (float(arguments[name]) for name in ("black", "white", "gamma"))
        share = np.subtract(values, black)
        np.divide(share, light - black, out=share)
        np.clip(share, 0, 1, out=share)
        if gamma != 1:
            _power(share, gamma)
        if white != 1:
            np.multiply(share, white, out=share)
        return share


class BrightnessContrast(Curve):
    """A straight line."""

    name = "brightness_contrast"
    summary = "Brightness and contrast: each sample times the contrast, plus the brightness."
    formula = "contrast * v + brightness"
    values = (
        "As cv::Mat::convertTo with alpha and beta, in float64 for whole numbers, which are rounded half to even "
        "and saturate at 0 and 255 or 65535; floats do not. Monotone."
    )
    parameters = (
        Parameter(
            name="brightness",
            type="float",
            help="What is added to each sample, in the image's own numbers; below 0 darkens.",
            default=0.0,
            minimum=-WIDEST,
            maximum=WIDEST,
            example=20,
        ),
        Parameter(
            name="contrast",
            type="float",
            help="What each sample is multiplied by before: above 1 for more contrast, below 1 for less.",
            default=1.0,
            minimum=0,
            maximum=1000,
            example=1.2,
        ),
    )
    examples = (
        Example(
            text="brightness_contrast(-20, 1.25)",
            python="np.clip(np.rint(1.25 * np.float64(image) - 20), 0, np.iinfo(image.dtype).max).astype(image.dtype)",
            dtypes=("uint8", "uint16"),
        ),
        Example(
            text="brightness_contrast(0.125, 1.25)",
            python="1.25 * image + 0.125",
            title="Floats keep what is darker than black and lighter than white.",
            dtypes=FLOATS,
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """A product and a sum."""
        return QUICK_COST

    def curve(self, values: Image, white: int, arguments: Arguments) -> Image:  # noqa: ARG002
        """Product and sum are rounded apart, as NumPy does."""
        import numpy as np

        line: Image = values * float(arguments["contrast"])
        return np.add(line, float(arguments["brightness"]), out=line)


class Posterize(Curve):
    """Few levels of brightness."""

    name = "posterize"
    summary = "Posterize: of each channel only so many levels are left, black and white among them."
    formula = (
        "rint(rint(v * (levels - 1) / white) * white / (levels - 1)), white being 255 (uint8), 65535 (uint16) or 1 "
        "(floats) without the outer rint"
    )
    values = "Rounded half to even. Monotone; nothing saturates."
    parameters = (
        Parameter(
            name="levels",
            type="int",
            help="How many levels a channel has between black and white, both of them counted.",
            minimum=2,
            maximum=256,
            example=4,
        ),
    )
    examples = (
        Example(
            text="posterize(4)",
            python="cv2.LUT(image, np.uint8(np.rint(np.rint(np.arange(256) * 3 / 255) * 255 / 3)))",
            dtypes=("uint8",),
        ),
        Example(
            text="posterize(8)",
            python="cv2.LUT(image, np.uint16(np.rint(np.rint(np.arange(65536) * 7 / 65535) * 65535 / 7)))",
            dtypes=("uint16",),
        ),
        Example(text="posterize(4)", python="np.rint(image * 3) / 3", dtypes=FLOATS),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """A few roundings."""
        return QUICK_COST

    def curve(self, values: Image, white: int, arguments: Arguments) -> Image:
        """The nearest of the levels, which lie equally far apart; in floats beyond black and white, too."""
        import numpy as np

        steps = int(arguments["levels"]) - 1
        level = values * steps
        if white != 1:
            np.divide(level, white, out=level)
        np.rint(level, out=level)
        if white != 1:
            np.multiply(level, white, out=level)
        return np.divide(level, steps, out=level)


OPERATIONS = (Gamma(), Levels(), BrightnessContrast(), Posterize())
