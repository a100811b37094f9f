"""How far an image is from a picture of the deployment's own: the difference, and in figures what it comes to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.errors import PictureError
from tilework.imaging.operations.contract import (
    NO_ALIGNMENT,
    Example,
    Measured,
    MeasuredOperation,
    Reduced,
    Report,
)
from tilework.imaging.operations.depths import WHITE
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.shown import of_picture
from tilework.imaging.windows import Margin, Size, Window, row_strips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tilework.imaging.operations.contract import Arrays, Image, Part, Pixels, Site
    from tilework.imaging.operations.parameters import Arguments, Value

SIDE = 7
"""Pixels of the side of SSIM's windows: those of scikit-image, where nothing else is asked for."""

REACH = SIDE // 2

SHARES = 1 << 24
"""Parts of one to which each window's SSIM is rounded, so that any order of adding gives the same sum: no mean is changed by
more than 3e-8, and 64 bits hold the sum of as many windows as an image may have (2^38)."""

STRIP_SAMPLES = 1 << 16
"""That are worked on at once: with all that is made of them they stay in a core's cache."""

COST = 0.15
"""Seconds for a million samples, to measure and to subtract. Measured: 0.06."""


class Compare(MeasuredOperation):
    """The difference from a reference. All sums are of whole numbers, so that they do not depend on who adds what first."""

    name = "compare"
    family = "several"
    summary = "The difference from a reference picture; with output(json) its MSE, PSNR and SSIM."
    formula = (
        "cv2.absdiff(image, reference); the report: mean_squared_error, peak_signal_noise_ratio and structural_similarity "
        "(windows of 7 x 7) of skimage.metrics, data_range 255 or 65535, SSIM to 3e-8"
    )
    parameters = (
        Parameter(
            name="reference",
            type="picture",
            help="The name of a picture that the deployment keeps, of the image's size, depth and channels.",
            example="reference",
        ),
    )
    dtypes = ("uint8", "uint16")
    alpha = "Carried along, and not compared."
    nodata = "A value like any other."
    reports = True
    columns = ("channel", "mse", "psnr", "ssim", "largest")
    examples = (
        Example(
            text="compare(reference)",
            python="cv2.absdiff(image, reference)",
            title="Black where nothing was changed.",
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Five sums over windows, in floating point."""
        return COST

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Sums of whole numbers below 2^53 are the same wherever they begin."""
        return NO_ALIGNMENT

    def margin(self, arguments: Arguments) -> Margin:  # noqa: ARG002
        """The windows around each pixel."""
        return Margin.even(REACH, REACH)

    def measures(self, pixels: Pixels) -> bool:  # noqa: ARG002
        """Only for its report: a pixel's difference is its own."""
        return False

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Subtract the less from the greater, sample by sample."""
        import cv2

        return cv2.absdiff(image, _reference(arguments))

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Subtract what lies at the same place."""
        import cv2

        reference = _fitting(image, site, arguments)
        return cv2.absdiff(image[site.output.within(site.source)], reference[site.output.within(site.source)])

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        """Add up squares, and the SSIM of the windows whose middle lies here."""
        import numpy as np

        reference = _fitting(image, site, arguments)
        channels = 1 if image.ndim == 2 else image.shape[2]  # noqa: PLR2004
        squares, largest, similar = (np.zeros(channels, np.int64) for _ in range(3))
        inner = _inner(site)
        for channel in range(channels):
            one, other = (array if array.ndim == 2 else array[..., channel] for array in (image, reference))  # noqa: PLR2004
            for strip in _strips(site.output):
                place = strip.within(site.source)
                apart = np.abs(np.subtract(one[place], other[place], dtype=np.int64))
                squares[channel] += np.sum(apart * apart)
                largest[channel] = max(largest[channel], int(apart.max()))
            for strip in _strips(inner) if inner is not None else ():
                place = strip.padded(Margin.even(REACH, REACH)).within(site.source)
                similar[channel] += _similarity(one[place], other[place])
        count = 0 if inner is None else inner.size.pixels
        return Measured(
            {
                "squares": squares,
                "largest": largest,
                "similar": similar,
                "windows": np.array([count], np.int64),
            }
        )

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:  # noqa: ARG002
        """Add, and of the largest differences keep the largest."""
        import numpy as np

        summed: Arrays = {
            name: np.sum([part.partial[name] for part in parts], axis=0)
            for name in ("squares", "similar", "windows")
        }
        largest = np.max([part.partial["largest"] for part in parts], axis=0)
        return Reduced({**summed, "largest": largest}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:  # noqa: ARG002
        """All of it is wanted."""
        return partial

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        """Figures of the whole, and of each channel; PSNR is none where nothing differs, SSIM below 7 x 7 pixels."""
        white = WHITE[pixels.dtype]
        names = ("grey",) if pixels.channels == 1 else ("blue", "green", "red")
        squares, similar, largest = (known[name].tolist() for name in ("squares", "similar", "largest"))
        windows = int(known["windows"][0])

        def figures(error: int, likeness: int, count: int, most: int) -> dict[str, Value]:
            mse = error / (count * size.pixels)
            psnr = 10 * math.log10(white * white / mse) if error else math.inf
            ssim = likeness / (SHARES * count * windows) if windows else math.nan
            return {"mse": mse, "psnr": psnr, "ssim": ssim, "largest": most}

        whole = figures(sum(squares), sum(similar), len(names), max(largest))
        rows = [
            {"channel": name, **figures(error, likeness, 1, most)}
            for name, error, likeness, most in zip(names, squares, similar, largest, strict=True)
        ]
        return Report({"reference": arguments["reference"], "identical": not sum(squares), **whole}, rows)


def _reference(arguments: Arguments) -> Image:
    reference: Image = arguments[of_picture("reference", "colour")]
    return reference


def _fitting(image: Image, site: Site, arguments: Arguments) -> Image:
    """What of the reference lies where ``image`` does. Raises PictureError for one that cannot be compared."""
    reference, size = _reference(arguments), site.source_size
    found = _told(Size(reference.shape[1], reference.shape[0]), reference)
    if found != (wanted := _told(size, image)):
        raise PictureError(
            f"The reference {str(arguments['reference'])!r} is {found}, and the image {wanted}.",
            advice="Compare an image with one of its own size, depth and channels.",
        )
    return reference[site.source.within(Window.whole(size))]


def _told(size: Size, array: Image) -> str:
    return f"{size} pixels, {array.dtype}, {'grey' if array.ndim == 2 else 'colour'}"  # noqa: PLR2004


def _inner(site: Site) -> Window | None:
    """The middles of windows that lie within the image, as far as they lie in what is asked for."""
    size, output = site.source_size, site.output
    left, right = max(output.left, REACH), min(output.right, size.width - REACH)
    top, bottom = max(output.top, REACH), min(output.bottom, size.height - REACH)
    return Window(left, top, right, bottom) if left < right and top < bottom else None


def _strips(window: Window) -> Iterator[Window]:
    for rows in row_strips(window.height, window.width, STRIP_SAMPLES):
        yield Window(window.left, window.top + rows.start, window.right, window.top + rows.stop)


def _similarity(one: Image, other: Image) -> int:
    """The sum of the SSIM of all windows within two arrays, in :data:`SHARES`.

    By Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004), with K1 = 0.01 and
    K2 = 0.03, and as scikit-image has it by default: even weights, and variances of samples (n - 1).
    """
    import cv2
    import numpy as np

    count, white = SIDE * SIDE, WHITE[str(one.dtype)]
    x, y = one.astype(np.float64), other.astype(np.float64)

    def summed(array: Image) -> Image:
        sums = cv2.boxFilter(array, cv2.CV_64F, (SIDE, SIDE), normalize=False, borderType=cv2.BORDER_CONSTANT)
        return sums[REACH:-REACH, REACH:-REACH]

    # whole numbers below 2^53, at 16 bits too
    sx, sy = summed(x), summed(y)
    between, within = sx * sy, sx * sx + sy * sy
    mixed = count * summed(x * y) - between
    spread = count * summed(x * x + y * y) - within
    c1, c2 = (0.01 * white) ** 2, (0.03 * white) ** 2
    pairs = count * (count - 1)
    likeness = (2 * between / count**2 + c1) * (2 * mixed / pairs + c2)
    likeness /= (within / count**2 + c1) * (spread / pairs + c2)
    return int(np.sum(np.rint(likeness * SHARES).astype(np.int64)))


OPERATIONS = (Compare(),)
