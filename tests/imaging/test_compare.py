"""The difference from a reference, and its figures: those of scikit-image, and the same however the image is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import metrics

from tests.imaging.samples import noise, picture
from tests.imaging.staged import staged, staged_report
from tilework.errors import PictureError
from tilework.imaging.engine import report_whole, run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations import MeasuredOperation, Part
from tilework.imaging.pictures import HeldPicture
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from tilework.imaging.operations import Report
    from tilework.imaging.pipeline import Pipeline

WHITE = {"uint8": 255, "uint16": 65535}


def compared(reference: Picture) -> Pipeline:
    return parse("compare(reference)").seeing({"reference": HeldPicture(reference)})


def report(image: Picture, reference: Picture, cell: Size) -> Report:
    """Measured in cells, joined in two steps."""
    pipeline = compared(reference)
    (step,) = pipeline.steps
    operation, arguments = cast("MeasuredOperation", step.operation), step.arguments
    parts = []
    for window in tiles(image.size, cell):
        site = pipeline.site(0, window, image.size, image.pixels)
        part = image.part(site.source.within(Window.whole(image.size)))
        parts.append(Part(window, operation.measure(part.colour, site, arguments).partial))
    halves = [
        Part(half[0].window, operation.reduce(half, arguments).partial)
        for half in (parts[::2], parts[1::2])
        if half
    ]
    known = operation.settle(operation.reduce(halves, arguments).partial, arguments)
    return operation.report(known, image.size, image.pixels, step.arguments)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_figures_are_those_of_scikit_image(dtype: str, channels: int) -> None:
    one = noise(61, 47, channels, dtype)
    other = cv2.GaussianBlur(one, (3, 3), 0)
    found = report(Picture(one), Picture(other), Size(61, 47))
    white = WHITE[dtype]
    assert found.data["mse"] == pytest.approx(metrics.mean_squared_error(one, other), rel=1e-14)
    psnr = metrics.peak_signal_noise_ratio(one, other, data_range=white)
    assert found.data["psnr"] == pytest.approx(psnr, rel=1e-14)
    axis = None if channels == 1 else 2
    ssim = metrics.structural_similarity(one, other, data_range=white, channel_axis=axis)
    assert found.data["ssim"] == pytest.approx(ssim, abs=3e-8)
    assert found.data["largest"] == int(cv2.absdiff(one, other).max())
    assert [row["channel"] for row in found.rows] == (["grey"] if channels == 1 else ["blue", "green", "red"])
    blue = one if channels == 1 else one[..., 0]
    assert found.rows[0]["mse"] == pytest.approx(
        metrics.mean_squared_error(blue, other if channels == 1 else other[..., 0]), rel=1e-14
    )


@settings(max_examples=30)
@given(
    size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    cell=st.builds(Size, st.integers(1, 25), st.integers(1, 25)),
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from(["uint8", "uint16"]),
)
def test_however_the_image_is_cut_the_figures_are_the_same_to_the_last_bit(
    size: tuple[int, int], cell: Size, channels: int, dtype: str
) -> None:
    one, other = (Picture(noise(*size, channels, dtype, seed)) for seed in (0, 1))
    # as text: not-a-number, where there is no window, equals itself
    assert str(report(one, other, cell)) == str(report(one, other, Size(*size)))


def test_the_difference_is_the_same_in_units() -> None:
    image, reference = picture(noise(131, 97, 4)), Picture(noise(131, 97, 3, seed=1))
    pipeline = parse("invert | compare(reference) | blur(3)").seeing({"reference": HeldPicture(reference)})
    whole = run_whole(image, pipeline)
    difference = cv2.absdiff(255 - image.colour, reference.colour)
    assert np.array_equal(whole.colour, cv2.GaussianBlur(difference, (3, 3), 0))
    assert np.array_equal(staged(image, pipeline, columns=32)[0].colour, whole.colour)


def test_a_difference_measures_nothing_unless_its_figures_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image, reference = Picture(noise(67, 41)), Picture(noise(67, 41, seed=1))
    measured = []
    compare = type(compared(reference).steps[0].operation)
    measure = compare.measure

    def counting(*given: Any) -> Any:
        measured.append(given)
        return measure(*given)

    monkeypatch.setattr(compare, "measure", counting)
    difference = cv2.absdiff(image.colour, reference.colour)
    assert np.array_equal(run_whole(image, compared(reference)).colour, difference)
    assert np.array_equal(staged(image, compared(reference))[0].colour, difference)
    assert measured == []
    figures = parse("compare(reference) | output(json)").seeing({"reference": HeldPicture(reference)})
    assert staged_report(image, figures) == report_whole(image, figures)
    assert measured


def test_what_is_the_same_has_no_noise_and_is_alike() -> None:
    image = Picture(noise(20, 20))
    found = report(image, image, Size(20, 20)).data
    assert (found["identical"], found["mse"], found["psnr"], found["ssim"]) == (True, 0, float("inf"), 1)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        (noise(40, 31), "40 x 31 pixels"),
        (noise(40, 30, 1), "grey"),
        (noise(40, 30, 3, "uint16"), "uint16"),
    ],
)
def test_a_reference_of_another_kind_is_told_and_not_compared(reference: np.ndarray, told: str) -> None:
    image = Picture(noise(40, 30))
    with pytest.raises(
        PictureError, match=f"The reference 'reference' is .*{told}.*, and the image 40 x 30 pixels, uint8"
    ):
        run_whole(image, compared(Picture(reference)))
    with pytest.raises(PictureError, match=told):
        staged(image, compared(Picture(reference)))
