"""Derivatives: OpenCV's own with any parameters, and the same in tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture
from tests.imaging.staged import windowed
from tilework.errors import PipelineError
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations import prepare
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

DTYPES = st.sampled_from(["uint8", "uint16", "int16", "float32", "float64"])
SIDES = st.one_of(st.sampled_from([1, 2, 3, 7, 61, 131]), st.integers(1, 150))
SIZES = st.builds(Size, SIDES, SIDES)
TILES = st.builds(Size, st.integers(1, 90), st.integers(1, 90))
FACTORS = st.sampled_from(["1, 0", "0.1, 0", "0.37, 0.3", "-2, 10", "1, -0.5"])

SOBELS = st.builds(
    "sobel({}, {}, {}, {}, {})".format,
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([1, 3, 5, 7]),
    FACTORS,
    st.sampled_from(["true", "false"]),
).filter(lambda text: not text.startswith("sobel(0, 0"))
SCHARRS = st.builds(
    "scharr({}, {}, {})".format,
    st.sampled_from(["1, 0", "0, 1"]),
    FACTORS,
    st.sampled_from(["true", "false"]),
)
LAPLACIANS = st.builds(
    "laplacian({}, {}, {})".format,
    st.sampled_from([1, 3, 5, 7]),
    FACTORS,
    st.sampled_from(["true", "false"]),
)
MAGNITUDES = st.builds(
    "magnitude({}, {})".format,
    st.sampled_from(["sobel, 1", "sobel", "sobel, 5", "sobel, 7", "scharr, 3"]),
    st.sampled_from(["scale=1", "scale=0.173"]),
)
ALL = st.one_of(SOBELS, SCHARRS, LAPLACIANS, MAGNITUDES)


@settings(max_examples=50)
@given(
    size=SIZES, tile=TILES, channels=st.sampled_from([1, 3, 4]), dtype=DTYPES, text=ALL,
    around=st.sampled_from(["{}", "blur(5) | {}", "{} | blur(3)", "{} | erode(3)"]),
)  # fmt: skip
@example(Size(131, 61), Size(1, 61), 1, "float32", "laplacian(5)", "{}")
@example(Size(131, 61), Size(37, 1), 3, "uint8", "sobel(0, 1, 3, 0.1, 0.3)", "{}")
@example(Size(131, 1), Size(7, 1), 1, "float32", "magnitude(sobel, 7)", "{}")
def test_tiles_have_the_derivatives_of_the_whole(  # noqa: PLR0917
    size: Size, tile: Size, channels: int, dtype: str, text: str, around: str
) -> None:
    assume(size.pixels / tile.pixels < 300)
    prepare()
    image, pipeline = picture(noise(size.width, size.height, channels, dtype)), parse(around.format(text))
    tiled, whole = windowed(image, pipeline, tile), run_whole(image, pipeline)
    assert tiled.colour.tobytes() == whole.colour.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "text", ["sobel(1, 0)", "scharr(0, 1, 0.3)", "laplacian", "laplacian(5)", "magnitude"]
)
def test_what_is_no_finite_number_spreads_in_tiles_as_in_the_whole(text: str, dtype: str) -> None:
    prepare()
    colour = noise(200, 70, 1, dtype)
    where = np.random.default_rng(1).random(colour.shape)
    colour[where < 0.003], colour[where > 0.997], colour[20:30, 90:110] = np.nan, np.inf, np.nan
    image, pipeline = Picture(colour), parse(text)
    tiled, whole = windowed(image, pipeline, Size(64, 37)), run_whole(image, pipeline)
    assert np.isnan(whole.colour).any()
    assert tiled.colour.tobytes() == whole.colour.tobytes()


DEPTHS = {
    "uint8": cv2.CV_16S,
    "uint16": cv2.CV_32F,
    "int16": cv2.CV_32F,
    "float32": cv2.CV_32F,
    "float64": cv2.CV_64F,
}


def without_sign(result: Image, dtype: str) -> Image:
    """As the definition says: absolute values, rounded half to even, cut to the depth."""
    if dtype.startswith("float"):
        return np.abs(result)
    return np.minimum(np.rint(np.abs(result.astype(np.float64))), np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("channels", [1, 3])
def test_derivatives_are_one_opencv_call(dtype: str, channels: int) -> None:
    prepare()
    image, depth = noise(97, 61, channels, dtype), DEPTHS[dtype]
    expected = {
        "sobel(1, 1, 7, 0.01, 3": cv2.Sobel(image, depth, 1, 1, ksize=7, scale=0.01, delta=3),
        "sobel(0, 2, 1, -1.5, 0": cv2.Sobel(image, depth, 0, 2, ksize=1, scale=-1.5),
        "scharr(0, 1, 0.3, 7": cv2.Scharr(image, depth, 0, 1, scale=0.3, delta=7),
        "laplacian(1, 1, 0": cv2.Laplacian(image, depth),
        "laplacian(7, 0.01, -4": cv2.Laplacian(image, depth, ksize=7, scale=0.01, delta=-4),
    }
    for text, result in expected.items():
        signed = run_whole(picture(image), parse(f"{text}, true)")).colour
        assert signed.dtype == result.dtype
        assert np.array_equal(signed, result), text
        plain = run_whole(picture(image), parse(f"{text})")).colour
        assert plain.dtype == dtype
        assert np.array_equal(plain, without_sign(result, dtype)), text


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("size", [1, 3, 5, 7, -1])
def test_magnitude_is_the_length_of_both_derivatives(dtype: str, size: int) -> None:
    """Also where the image is worked through in strips, which have the rows of the whole."""
    prepare()
    image = noise(150, 1200, 3, dtype)
    depth = cv2.CV_64F if dtype == "float64" else cv2.CV_32F
    dx, dy = cv2.Sobel(image, depth, 1, 0, ksize=size), cv2.Sobel(image, depth, 0, 1, ksize=size)
    kernel = "scharr" if size == -1 else f"sobel, {size}"
    own = run_whole(picture(image), parse(f"magnitude({kernel})")).colour
    assert np.array_equal(own, without_sign(np.sqrt(dx * dx + dy * dy), dtype))


@pytest.mark.parametrize("kernel", ["sobel", "scharr"])
def test_magnitude_of_bytes_is_opencv_s_own(kernel: str) -> None:
    prepare()
    image = noise(301, 201, 3)
    size = -1 if kernel == "scharr" else 3
    length = cv2.magnitude(
        *[cv2.Sobel(image, cv2.CV_32F, *orders, ksize=size) for orders in ((1, 0), (0, 1))]
    )
    own = run_whole(picture(image), parse(f"magnitude({kernel}, scale=0.25)")).colour
    assert np.array_equal(own, cv2.convertScaleAbs(length * np.float32(0.25)))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16"])
def test_steps_over_the_full_range_are_cut_where_the_depth_ends(dtype: str) -> None:
    limits = np.iinfo(dtype)
    image = np.full((9, 40), limits.min, dtype)
    image[:, 20:] = limits.max
    for text in ("sobel(1, 0)", "scharr(1, 0)", "magnitude", "sobel(1, 0, 7)"):
        assert run_whole(Picture(image), parse(text)).colour.max() == limits.max


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sobel(0, 0)", "dx and dy are both 0"),
        ("sobel(3, 0)", "a kernel of 3 derives at most 2 times, not 3"),
        ("sobel(0, 5, 5)", "a kernel of 5 derives at most 4 times, not 5"),
        ("sobel(1, 0, 4)", "ksize is one of 1, 3, 5, 7, not 4"),
        ("scharr(1, 1)", "one of dx and dy is 1 and the other 0"),
        ("scharr(0, 0)", "one of dx and dy is 1 and the other 0"),
        ("magnitude(scharr, 5)", "Scharr's kernel is 3 x 3"),
    ],
)
def test_what_no_kernel_can_derive_is_refused_with_a_sentence(text: str, reason: str) -> None:
    with pytest.raises(PipelineError) as caught:
        parse(text)
    assert reason in caught.value.reason
