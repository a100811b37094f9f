"""A picture of the deployment's own, laid on the image: watermarks, stamps, frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilework.imaging.operations import luma
from tilework.imaging.operations.contract import NO_ALIGNMENT, Example, LocalOperation, Site
from tilework.imaging.operations.depths import WHITE
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.shown import of_picture
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from tilework.imaging.operations.contract import Image, Pixels
    from tilework.imaging.operations.parameters import Arguments

POSITIONS = (
    "top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right", "tile",
)  # fmt: skip

MOST_MARGIN = 65_535
"""Pixels; beyond it a picture is better placed by one that has a transparent edge."""

GAP = -1
"""Stands for a pixel of a picture where there is none."""

STRIP_SAMPLES = 1 << 16
"""That are blended at once: their wide copies stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Where pictures lie along one axis: from ``first`` on, ``length`` each, one every ``period`` (0: just one)."""

    first: int
    length: int
    period: int = 0

    def covered(self, begin: int, end: int) -> _Covered | None:
        """What they cover of the pixels from ``begin`` to ``end``; None for nothing."""
        import numpy as np

        if not self.period:
            low, high = max(begin, self.first), min(end, self.first + self.length)
            own = slice(low - self.first, high - self.first)
            return _Covered(low - begin, high - begin, own) if low < high else None
        within = (np.arange(begin, end) - self.first) % self.period
        return _Covered(0, end - begin, np.where(within < self.length, within, GAP))


@dataclass(frozen=True, slots=True)
class _Covered:
    """From ``begin`` to ``end`` of a window, by which pixels of a picture: as a slice, or one by one, some :data:`GAP`."""

    begin: int
    end: int
    own: slice | np.ndarray[tuple[int], np.dtype[np.intp]]

    def strips(self, step: int) -> Iterator[_Covered]:
        """Cut it, ``step`` at a time."""
        for begin in range(0, self.end - self.begin, step):
            end = min(begin + step, self.end - self.begin)
            own = self.own
            own = slice(own.start + begin, own.start + end) if isinstance(own, slice) else own[begin:end]
            yield _Covered(self.begin + begin, self.begin + end, own)

    @property
    def place(self) -> slice:
        """Where in the window."""
        return slice(self.begin, self.end)

    @property
    def gaps(self) -> Any:
        """Those that no picture covers, counted from ``begin``."""
        import numpy as np

        return slice(0) if isinstance(self.own, slice) else np.flatnonzero(self.own == GAP)


class Overlay(LocalOperation):
    """A picture laid on the image, alpha and all, in whole numbers."""

    name = "overlay"
    family = "several"
    summary = "A picture of the deployment's own laid on the image: a watermark, a stamp."
    formula = (
        "(v (W - w) + p w + W // 2) // W: image v, picture p in the image's depth and colours, white W (255, 65535), "
        "w = (alpha round(W opacity) + W // 2) // W; floats: v (1 - w) + p w, w = alpha opacity, where white is 1"
    )
    parameters = (
        Parameter(
            name="picture",
            type="picture",
            help="The name of a picture that the deployment keeps; it is laid on pixel for pixel.",
            example="logo",
        ),
        Parameter(
            name="position",
            type="word",
            help="The corner or side that it lies at, the center, or tile for all over the image.",
            default="bottom_right",
            choices=POSITIONS,
        ),
        Parameter(
            name="margin",
            type="int",
            help="Its distance from the image's edge, and where it is all over the image from its like.",
            default=16,
            minimum=0,
            maximum=MOST_MARGIN,
            unit="px",
        ),
        Parameter(
            name="opacity",
            type="float",
            help="How much of it is seen: 1 as it is, 0 not at all.",
            default=1.0,
            minimum=0,
            maximum=1,
        ),
    )
    dtypes = ("uint8", "uint16", "float32", "float64")
    alpha = "Carried along unchanged: the picture is seen as far as the image is."
    nodata = "A value like any other; not-a-number stays so under the picture, and infinity becomes it where that is opaque."
    examples = (
        Example(
            text="overlay(logo)",
            python="(laid := cv2.copyMakeBorder(logo, image.shape[0] - logo.shape[0] - 16, 16, "
            "image.shape[1] - logo.shape[1] - 16, 16, cv2.BORDER_CONSTANT), w := laid[..., 3].astype(int), "
            "p := (cv2.cvtColor(laid, cv2.COLOR_BGRA2GRAY) if image.ndim == 2 else laid[..., :3]).astype(int), "
            "((image.T * (255 - w.T) + p.T * w.T + 127) // 255).T.astype(np.uint8))[-1]",
            title="A logo in the lower right corner.",
            dtypes=("uint8",),
        ),
        Example(
            text="overlay(logo, tile, 24, 0.4)",
            python="(cell := cv2.copyMakeBorder(logo, 24, 0, 24, 0, cv2.BORDER_CONSTANT), "
            "laid := np.tile(cell, (image.shape[0] // len(cell) + 1, image.shape[1] // cell.shape[1] + 1, 1))"
            "[:image.shape[0], :image.shape[1]], w := (laid[..., 3].astype(int) * 102 + 127) // 255, "
            "p := (cv2.cvtColor(laid, cv2.COLOR_BGRA2GRAY) if image.ndim == 2 else laid[..., :3]).astype(int), "
            "((image.T * (255 - w.T) + p.T * w.T + 127) // 255).T.astype(np.uint8))[-1]",
            title="A watermark all over the image.",
            dtypes=("uint8",),
        ),
        Example(
            text="overlay(logo, top_right)",
            python="(laid := cv2.copyMakeBorder(logo, 16, image.shape[0] - logo.shape[0] - 16, "
            "image.shape[1] - logo.shape[1] - 16, 16, cv2.BORDER_CONSTANT), w := laid[..., 3].astype(int) * 257, "
            "p := (cv2.cvtColor(laid, cv2.COLOR_BGRA2GRAY) if image.ndim == 2 else laid[..., :3]).astype(int) * 257, "
            "((image.T * (65535 - w.T) + p.T * w.T + 32767) // 65535).T.astype(np.uint16))[-1]",
            title="8 bits laid on 16: white stays white.",
            dtypes=("uint16",),
        ),
        Example(
            text="overlay(logo, top_left, 0, 0.5)",
            python="(laid := cv2.copyMakeBorder(logo, 0, image.shape[0] - logo.shape[0], "
            "0, image.shape[1] - logo.shape[1], cv2.BORDER_CONSTANT), f := image.dtype.type, "
            "w := laid[..., 3].astype(f) / f(255) * f(0.5), "
            "p := (cv2.cvtColor(laid, cv2.COLOR_BGRA2GRAY) if image.ndim == 2 else laid[..., :3]).astype(f) / f(255), "
            "(image.T * (1 - w.T) + p.T * w.T).T)[-1]",
            title="Half transparent, on floats, where white is 1.",
            dtypes=("float32", "float64"),
        ),
    )

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Each sample is reckoned by itself, in NumPy's arithmetic, which is the same wherever it stands."""
        return NO_ALIGNMENT

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Blend what lies on a whole image."""
        return self.apply(image, Site.of_whole(Size(image.shape[1], image.shape[0])), arguments)

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Blend what lies in the window, some rows at a time."""
        output = site.output
        result = image[output.within(site.source)].copy()
        colour: Image = arguments[of_picture("picture", "colour")]
        alpha: Image | None = arguments.get(of_picture("picture", "alpha"))
        down, across = _layout(site.output_size, colour, arguments)
        rows = down.covered(output.top, output.bottom)
        columns = across.covered(output.left, output.right)
        if rows is None or columns is None:
            return result
        for strip in rows.strips(max(1, STRIP_SAMPLES // result[0, columns.place].size)):
            place = strip.place, columns.place
            share = None if alpha is None else _cut(alpha, strip, columns)
            layer = _Layer(
                _cut(colour, strip, columns), share, strip.gaps, columns.gaps, float(arguments["opacity"])
            )
            result[place] = _blended(result[place], layer)
        return result


@dataclass(frozen=True, slots=True)
class _Layer:
    """What is laid on: ``colour``, ``alpha`` (None: opaque), and the rows and columns that stay as they are."""

    colour: Image
    alpha: Image | None
    free_rows: Any
    free_columns: Any
    opacity: float


def _cut(picture: Image, rows: _Covered, columns: _Covered) -> Image:
    """The pixels of a picture that cover some of a window; in gaps any."""
    own = columns.own
    if isinstance(own, slice) or own.min() == GAP:
        return picture[rows.own][:, own]
    # a row is copied as far as it is wanted
    return picture[:, own.min() : own.max() + 1][rows.own][:, own - own.min()]


def _layout(size: Size, picture: Image, arguments: Arguments) -> tuple[_Line, _Line]:
    """Where pictures lie, downwards and to the right."""
    height, width = picture.shape[:2]
    position, margin = str(arguments["position"]), int(arguments["margin"])
    if position == "tile":
        return _Line(margin, height, height + margin), _Line(margin, width, width + margin)

    def first(whole: int, length: int, near: str, far: str) -> int:
        if near in position:
            return margin
        return whole - length - margin if far in position else (whole - length) // 2

    return (
        _Line(first(size.height, height, "top", "bottom"), height),
        _Line(first(size.width, width, "left", "right"), width),
    )


def _blended(image: Image, layer: _Layer) -> Image:
    """``layer`` laid on ``image``, both of the same height and width; none of an infinity is not-a-number."""
    import numpy as np

    dtype: Any = image.dtype
    colour, weight = _in_colours_of(image, layer.colour), _weight(image, layer)
    if dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            shared: Image = image * (1 - weight) + _shares(colour, dtype) * weight
        return shared
    white: Any = weight.dtype.type(WHITE[str(dtype)])
    result: Any = image * (white - weight)
    result += _in_depth(colour, dtype) * weight
    result += white // 2
    result //= white
    blended: Image = result.astype(dtype)
    return blended


def _weight(image: Image, layer: _Layer) -> Any:
    """How much of the layer is seen at each pixel of ``image``, with an axis for its channels."""
    import numpy as np

    dtype = image.dtype
    if dtype.kind == "f":
        weight = np.ones(image.shape[:2], dtype) if layer.alpha is None else _shares(layer.alpha, dtype)
        weight = weight * dtype.type(layer.opacity)
    else:
        # white squared and half of white still fit
        wide = np.uint16 if dtype == np.uint8 else np.uint32
        white = WHITE[str(dtype)]
        weight = np.full(image.shape[:2], white, wide)
        if layer.alpha is not None:
            weight = _in_depth(layer.alpha, dtype).astype(wide)
        weight *= wide(round(white * layer.opacity))
        weight += wide(white // 2)
        weight = weight // wide(white)
    weight[layer.free_rows] = 0
    weight[:, layer.free_columns] = 0
    return weight if image.ndim == 2 else weight[..., None]  # noqa: PLR2004


def _in_colours_of(image: Image, colour: Image) -> Image:
    """The picture as grey as the image is, or of as many channels."""
    if image.ndim == colour.ndim:
        return colour
    return luma.grey(colour) if image.ndim == 2 else colour[..., None]  # noqa: PLR2004


def _in_depth(samples: Image, dtype: np.dtype[np.generic]) -> Image:
    """Samples of 8 or 16 bits in the other depth: 257 times as much, or rounded."""
    import numpy as np

    if samples.dtype == dtype:
        return samples
    if dtype == np.uint16:
        return samples * np.uint16(257)
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _shares(samples: Image, dtype: np.dtype[np.generic]) -> Image:
    """Samples of 8 or 16 bits as parts of white."""
    shares: Image = samples.astype(dtype) / dtype.type(WHITE[str(samples.dtype)])
    return shares


OPERATIONS = (Overlay(),)
