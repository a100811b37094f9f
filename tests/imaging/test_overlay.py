"""A picture laid on the image: the same pixels by a slow and plain reckoning, in tiles, units and as a whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture
from tests.imaging.staged import staged, windowed
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations.overlay import POSITIONS
from tilework.imaging.pictures import HeldPicture
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Size

WHITE = {"uint8": 255, "uint16": 65535}


def laid(text: str, logo: Picture) -> Pipeline:
    return parse(text).seeing({"logo": HeldPicture(logo)})


def places(whole: int, length: int, margin: int, position: str, sides: tuple[str, str]) -> list[int]:
    """Which pixel of the logo lies at each of ``whole``; -1 for none."""
    if position == "tile":
        period = length + margin
        return [each if (each := (at - margin) % period) < length else -1 for at in range(whole)]
    near, far = sides
    first = (
        margin if near in position else whole - length - margin if far in position else (whole - length) // 2
    )
    return [at - first if first <= at < first + length else -1 for at in range(whole)]


def by_hand(image: np.ndarray, logo: Picture, position: str, margin: int, opacity: float) -> np.ndarray:
    """Whole numbers of any size, one pixel after the other."""
    white, own_white = WHITE[str(image.dtype)], WHITE[logo.pixels.dtype]
    colour = logo.colour
    if colour.ndim > image.ndim:
        colour = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    result = image.copy()
    height, width = logo.colour.shape[:2]
    columns = places(image.shape[1], width, margin, position, ("left", "right"))
    for y, own_y in enumerate(places(image.shape[0], height, margin, position, ("top", "bottom"))):
        for x, own_x in enumerate(columns):
            if min(own_x, own_y) < 0:
                continue
            alpha = own_white if logo.alpha is None else int(logo.alpha[own_y, own_x])
            weight = (scaled(alpha, own_white, white) * round(white * opacity) + white // 2) // white
            for channel in np.ndindex(image.shape[2:]):
                own = int(colour[(own_y, own_x, *(channel if colour.ndim > 2 else ()))])
                mixed = (
                    int(image[(y, x, *channel)]) * (white - weight) + scaled(own, own_white, white) * weight
                )
                result[(y, x, *channel)] = (mixed + white // 2) // white
    return result


def scaled(value: int, own_white: int, white: int) -> int:
    return (value * white + own_white // 2) // own_white


SIDES = st.integers(1, 40)


@settings(max_examples=40)
@given(
    size=st.tuples(SIDES, SIDES),
    own_size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    channels=st.sampled_from([1, 3, 4]),
    own_channels=st.sampled_from([1, 2, 3, 4]),
    dtypes=st.tuples(*[st.sampled_from(["uint8", "uint16"])] * 2),
    position=st.sampled_from(POSITIONS),
    margin=st.integers(0, 12),
    opacity=st.sampled_from([0, 0.1, 0.5, 1]),
    tile=st.builds(Size, st.integers(1, 30), st.integers(1, 30)),
)
@example((40, 30), (3, 2), 3, 4, ("uint8", "uint16"), "tile", 0, 0.5, Size(7, 5))
@example((40, 30), (1, 1), 1, 3, ("uint16", "uint8"), "tile", 3, 1, Size(1, 1))
def test_it_is_blended_in_whole_numbers_wherever_tiles_begin(  # noqa: PLR0917
    size: tuple[int, int], own_size: tuple[int, int], channels: int, own_channels: int, dtypes: tuple[str, str],
    position: str, margin: int, opacity: float, tile: Size,
) -> None:  # fmt: skip
    image = picture(noise(*size, channels, dtypes[0]))
    logo = picture(noise(*own_size, own_channels, dtypes[1], seed=1))
    pipeline = laid(f"overlay(logo, {position}, {margin}, {opacity})", logo)
    whole = run_whole(image, pipeline)
    assert np.array_equal(whole.colour, by_hand(image.colour, logo, position, margin, opacity))
    assert whole.alpha is image.alpha or np.array_equal(whole.alpha, image.alpha)
    assert np.array_equal(windowed(image, pipeline, tile).colour, whole.colour)


@settings(max_examples=20)
@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    own_size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    channels=st.sampled_from([1, 3, 4]),
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64"]),
    position=st.sampled_from(POSITIONS),
    before=st.sampled_from(["", "blur(5) | "]),
    after=st.sampled_from(["", " | erode(3)", " | overlay(logo, center, 0, 0.3)"]),
    columns=st.integers(1, 3),
)
def test_units_of_a_chain_with_it_equal_the_whole(  # noqa: PLR0917
    size: tuple[int, int], own_size: tuple[int, int], channels: int, dtype: str, position: str,
    before: str, after: str, columns: int,
) -> None:  # fmt: skip
    image, logo = picture(noise(*size, channels, dtype)), picture(noise(*own_size, 4, "uint8", 1))
    pipeline = laid(f"{before}overlay(logo, {position}, 5, 0.7){after}", logo)
    result, whole = staged(image, pipeline, columns=columns * 32)[0], run_whole(image, pipeline)
    assert result.colour.tobytes() == whole.colour.tobytes()


def test_an_opaque_picture_shows_as_it_is_and_one_of_no_opacity_not_at_all() -> None:
    image, logo = noise(40, 30), noise(12, 9, seed=1)
    shown = run_whole(Picture(image), laid("overlay(logo, top_left, 3)", Picture(logo))).colour
    assert np.array_equal(shown[3:12, 3:15], logo)
    shown[3:12, 3:15] = image[3:12, 3:15]
    assert np.array_equal(shown, image)
    hidden = run_whole(Picture(image), laid("overlay(logo, tile, opacity=0)", Picture(logo))).colour
    assert np.array_equal(hidden, image)


def test_white_stays_white_and_black_black_in_every_depth() -> None:
    for white in (0, 255):
        logo = Picture(np.full((5, 5, 3), white, np.uint8))
        for dtype, most in (("uint8", 255), ("uint16", 65535), ("float32", 1), ("float64", 1)):
            image = np.full((9, 9), 0.25 * most, dtype)
            result = run_whole(Picture(image), laid("overlay(logo, center)", logo)).colour
            assert result[4, 4] == (most if white else 0)


def test_not_a_number_stays_under_the_picture_and_spreads_nowhere() -> None:
    image = noise(20, 20, 1, "float32")
    image[10, 10] = np.nan
    result = run_whole(Picture(image), laid("overlay(logo, tile, 0)", Picture(noise(6, 6)))).colour
    assert np.argwhere(np.isnan(result)).tolist() == [[10, 10]]


def test_infinity_under_what_is_opaque_becomes_not_a_number_without_a_warning() -> None:
    # pytest would raise a warning
    image = noise(20, 20, 1, "float32")
    image[10, 10] = np.inf
    result = run_whole(Picture(image), laid("overlay(logo, tile, 0)", Picture(noise(6, 6)))).colour
    assert np.argwhere(np.isnan(result)).tolist() == [[10, 10]]
    seen_through = run_whole(Picture(image), laid("overlay(logo, tile, 0, 0.5)", Picture(noise(6, 6)))).colour
    assert np.argwhere(np.isinf(seen_through)).tolist() == [[10, 10]]


def test_the_image_itself_is_not_changed() -> None:
    image = noise(20, 20)
    before = image.copy()
    run_whole(Picture(image), laid("overlay(logo, center)", Picture(noise(30, 30, seed=1))))
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("overlay(logo)", "overlay(logo)"),
        ("overlay( picture = logo_2026 , opacity=1.0)", "overlay(logo_2026)"),
        ("overlay(logo, tile, opacity=0.5)", "overlay(logo, tile, opacity=0.5)"),
    ],
)
def test_a_name_is_a_word_of_the_language(text: str, canonical: str) -> None:
    assert parse(text).canonical == canonical
    assert parse(canonical) == parse(text)
