"""Operations on the channels of a pixel: grey, false colours, single channels, hue and saturation."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tilework.imaging.operations import luma
from tilework.imaging.operations.contract import VECTOR_ALIGNMENT, Example, LocalOperation, Pixels
from tilework.imaging.operations.depths import WHITE
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import row_strips

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

COLORMAPS = (
    "autumn", "bone", "jet", "winter", "rainbow", "ocean", "summer", "spring", "cool", "hsv", "pink", "hot", "parula",
    "magma", "inferno", "plasma", "viridis", "cividis", "twilight", "twilight_shifted", "turbo", "deepgreen",
)  # fmt: skip
"""OpenCV's colour maps, in the order of its numbers."""

SWAPPED = ("uint8", "uint16", "float32")
"""Depths in which OpenCV has a way of its own to swap red and blue, nine times as quick as any other order."""

STRIP_PIXELS = 1 << 15
"""Whose hue, saturation and value, twelve bytes a pixel, stay in a core's cache from one pass to the next."""

TURN = 360.0
"""Degrees of the colour circle. OpenCV takes a hue from there on, up to twice as much, as so much less."""


class Grayscale(LocalOperation):
    """Brightness alone."""

    name = "grayscale"
    family = "point"
    summary = "Grayscale: one channel, the brightness; an image that has one stays as it is."
    formula = "cv2.cvtColor(image, cv2.COLOR_BGR2GRAY): 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601)"
    values = "Monotone in each channel; nothing saturates."
    dtypes = ("uint8", "uint16", "float32")
    examples = (
        Example(
            text="grayscale",
            python="cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image",
        ),
    )

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:  # noqa: ARG002
        """One channel."""
        return Pixels(pixels.dtype, 1, pixels.alpha)

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Measured: 0.00004 (uint8) to 0.00015 (float32)."""
        return 0.005

    def kernel(self, image: Image, arguments: Arguments) -> Image:  # noqa: ARG002
        """OpenCV's weights."""
        return luma.grey(image)


class Colormap(LocalOperation):
    """False colours."""

    name = "colormap"
    family = "point"
    summary = "Colour map: brightness shown as colours, as of a heat map; colours count by their brightness."
    formula = "cv2.applyColorMap(image, cv2.COLORMAP_VIRIDIS), and so on for each map"
    values = (
        "A table of 256 colours, neither monotone nor saturating. A colour image is made grey first "
        "(cv2.COLOR_BGR2GRAY)."
    )
    parameters = (
        Parameter(
            name="map",
            type="word",
            help="OpenCV's name of the map, in small letters.",
            choices=COLORMAPS,
            example="viridis",
        ),
    )
    dtypes = ("uint8",)
    tabled = True
    scratch = 3.0
    examples = (
        Example(text="colormap(viridis)", python="cv2.applyColorMap(image, cv2.COLORMAP_VIRIDIS)"),
        Example(
            text="colormap(twilight_shifted)",
            python="cv2.applyColorMap(image, cv2.COLORMAP_TWILIGHT_SHIFTED)",
            title="A map that ends where it begins, as for directions.",
        ),
    )

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:  # noqa: ARG002
        """Blue, green and red."""
        return Pixels("uint8", 3, pixels.alpha)

    def pointwise(self, pixels: Pixels) -> bool:
        """Of a grey image; of colours three samples become one."""
        return pixels.channels == 1

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Measured: 0.0006 to 0.0016 a pixel."""
        return 0.005

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """The map as a table of one's own: OpenCV copies the image once less, and takes half the time."""
        import cv2

        return cv2.applyColorMap(image, _colours(COLORMAPS.index(str(arguments["map"]))))


@lru_cache(len(COLORMAPS))
def _colours(number: int) -> Image:
    """The 256 colours of a map, shape (256, 1, 3)."""
    import cv2
    import numpy as np

    return cv2.applyColorMap(np.arange(256, dtype=np.uint8).reshape(256, 1), number)


class Channel(LocalOperation):
    """One of the channels, or all in another order."""

    name = "channel"
    family = "point"
    summary = "Channel: one of red, green and blue as a grey image, or the three in another order."
    formula = "cv2.extractChannel(image, 2) for red, 1 for green, 0 for blue"
    values = (
        "Values stay what they are. Three letters: brg puts the image's blue, red and green in place of red, green "
        "and blue."
    )
    parameters = (
        Parameter(
            name="channel",
            type="word",
            help="The channel; or three letters, which tell what the red, the green and the blue of the result are.",
            choices=("red", "green", "blue", "bgr", "rbg", "grb", "gbr", "brg"),
            example="red",
        ),
    )
    dtypes = ("uint8", "uint16", "int16", "int32", "float32", "float64")
    channels = (3,)
    examples = (
        Example(text="channel(red)", python="cv2.extractChannel(image, 2)"),
        Example(
            text="channel(bgr)", python="image[:, :, ::-1]", title="Red and blue swapped.", dtypes=("uint8",)
        ),
        Example(
            text="channel(grb)",
            python="image[:, :, [0, 2, 1]]",
            title="Red and green swapped; arrays are in the order blue, green, red.",
            dtypes=("uint16",),
        ),
    )

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """One channel or all."""
        return Pixels(pixels.dtype, len(_sources(arguments)), pixels.alpha)

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Measured: 0.0001 (uint8, one channel) to 0.0019 (float64, three)."""
        return 0.01

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Samples are copied."""
        import cv2
        import numpy as np

        sources = _sources(arguments)
        if len(sources) == 1:
            return cv2.extractChannel(image, sources[0])
        if sources == [2, 1, 0] and str(image.dtype) in SWAPPED:
            return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        result = np.empty(image.shape, image.dtype)
        cv2.mixChannels(
            [image], [result], [number for pair in zip(sources, range(3), strict=True) for number in pair]
        )
        return result


def _sources(arguments: Arguments) -> list[int]:
    """Which channels of an array the result's are, from its first."""
    word = str(arguments["channel"])
    picked = {"red": [2], "green": [1], "blue": [0]}.get(word)
    return picked or ["bgr".index(letter) for letter in reversed(word)]


class Hsv(LocalOperation):
    """Hue, saturation and value."""

    name = "hsv"
    family = "point"
    summary = (
        "Hue, saturation, value: colours turned around the colour circle, made stronger or fainter, lighter or "
        "darker."
    )
    formula = (
        "BGR to HSV (cv2.cvtColor, float32, white being 1), H + hue, min(S * saturation, 1), min(V * value, 1), and"
        " back"
    )
    values = (
        "Whole numbers are rounded half to even; saturates at full saturation and at white, floats too. With "
        "nothing to change it leaves whole numbers as they are, which OpenCV's HSV of uint8 does not: two samples "
        "in five differ, by up to 6."
    )
    parameters = (
        Parameter(
            name="hue",
            type="float",
            help="What is added to the hue: 120 makes red green, green blue and blue red.",
            default=0.0,
            minimum=-360,
            maximum=360,
            unit="degrees",
        ),
        Parameter(
            name="saturation",
            type="float",
            help="What the saturation is multiplied by: 0 for greys, above 1 for stronger colours.",
            default=1.0,
            minimum=0,
            maximum=1000,
        ),
        Parameter(
            name="value",
            type="float",
            help="What the value, which is the strongest channel's, is multiplied by.",
            default=1.0,
            minimum=0,
            maximum=1000,
        ),
    )
    dtypes = ("uint8", "uint16", "float32")
    channels = (3,)
    scratch = 1.0
    examples = (
        Example(
            text="hsv(30, 1.5)",
            python="np.uint8(np.rint(255 * cv2.cvtColor(np.minimum("
            "cv2.cvtColor(image / np.float32(255), cv2.COLOR_BGR2HSV) * np.float32([1, 1.5, 1]) "
            "+ np.float32([30, 0, 0]), np.float32([720, 1, 1])), cv2.COLOR_HSV2BGR)))",
            title="Hues turned by 30 degrees, colours half as strong again.",
            dtypes=("uint8",),
        ),
        Example(
            text="hsv(saturation=0.25)",
            python="np.uint16(np.rint(65535 * cv2.cvtColor("
            "cv2.cvtColor(image / np.float32(65535), cv2.COLOR_BGR2HSV) * np.float32([1, 0.25, 1]), "
            "cv2.COLOR_HSV2BGR)))",
            title="Faint colours.",
            dtypes=("uint16",),
        ),
        Example(
            text="hsv(value=1.25)",
            python="cv2.cvtColor(np.minimum(cv2.cvtColor(image, cv2.COLOR_BGR2HSV) * np.float32([1, 1, 1.25]), "
            "np.float32([720, 1, 1])), cv2.COLOR_HSV2BGR)",
            title="Lighter.",
            dtypes=("float32",),
        ),
    )

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Whole numbers, too, are floats in between."""
        return VECTOR_ALIGNMENT

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Measured: 0.0034."""
        return 0.02

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Some rows at a time: a pixel depends on no other, and OpenCV takes each row by itself."""
        import numpy as np

        result = np.empty_like(image)
        for rows in row_strips(len(image), image.shape[1], STRIP_PIXELS):
            # in floats infinities and not-a-number are values like others
            with np.errstate(all="ignore"):
                _adjust(image[rows], result[rows], arguments)
        return result


def _adjust(image: Image, result: Image, arguments: Arguments) -> None:
    """Write into ``result`` what becomes of some rows."""
    import cv2
    import numpy as np

    white = WHITE[str(image.dtype)]
    hsv = cv2.cvtColor(image if white == 1 else image / np.float32(white), cv2.COLOR_BGR2HSV)
    hue, saturation, value = (hsv[:, :, index] for index in range(3))
    np.add(hue, float(arguments["hue"]) % TURN, out=hue)
    for plane, factor in ((saturation, arguments["saturation"]), (value, arguments["value"])):
        np.multiply(plane, float(factor), out=plane)
        np.minimum(plane, 1, out=plane)
    colours = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if white == 1:
        result[:] = colours
    else:
        result[:] = np.rint(np.multiply(colours, white, out=colours), out=colours)


OPERATIONS = (Grayscale(), Colormap(), Channel(), Hsv())
