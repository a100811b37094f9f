from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tilework.errors import OperationFailedError, SettingsError, UnsupportedPixelsError
from tilework.imaging.engine import run_whole
from tilework.imaging.operation_facts import described
from tilework.imaging.operations import load_extra, prepare, registry
from tilework.imaging.operations.edges import STRIP_BYTES
from tilework.imaging.operations.parameters import write
from tilework.imaging.pipeline import parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tilework.imaging.operations.contract import Image

ONE_CALL: dict[str, Callable[[Image], Image]] = {
    "invert": cv2.bitwise_not,
    "blur(9)": lambda image: cv2.GaussianBlur(image, (9, 9), 0),
    "blur(9, 5, 1.5)": lambda image: cv2.GaussianBlur(image, (9, 5), 1.5),
    "erode(3)": lambda image: cv2.erode(image, np.ones((3, 3), np.uint8)),
    "dilate(4, 3)": lambda image: cv2.dilate(image, np.ones((4, 4), np.uint8), iterations=3),
    "erode(5, shape=cross)": lambda image: cv2.erode(
        image, cv2.getStructuringElement(cv2.MORPH_CROSS, (5, 5))
    ),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        (text, dtype)
        for text in ONE_CALL
        for dtype in ("uint8", "uint16", "int16", "int32", "float32", "float64")
        if dtype not in ({"float32", "float64"} if text == "invert" else {"int32"})
    ],
)
def test_each_operation_is_one_opencv_call(text: str, channels: int, dtype: str) -> None:
    image = noise(97, 61, channels, dtype)
    assert np.array_equal(run_whole(picture(image), parse(text)).colour, ONE_CALL[text](image))


@pytest.mark.parametrize("channels", [1, 3])
def test_canny_is_one_opencv_call_on_all_channels(channels: int) -> None:
    image = scene(201, 133, channels)
    plain = run_whole(picture(image), parse("canny(20, 60)")).colour
    assert np.array_equal(plain, cv2.Canny(image, 20, 60))
    assert 0 < np.count_nonzero(plain) < plain.size
    long = run_whole(picture(image), parse("canny(500, 900, 5, true)")).colour
    assert np.array_equal(long, cv2.Canny(image, 500, 900, apertureSize=5, L2gradient=True))


@given(
    seed=st.integers(0, 2**32),
    height=st.sampled_from([1, 2, 3, 40, 131]),
    width=st.sampled_from([1, 2, 5, 67]),
    channels=st.sampled_from([1, 3]),
    steps=st.sampled_from([2, 3, 9, 256]),
    thresholds=st.tuples(*[st.floats(0, 1500) | st.sampled_from([0.0, 1020.0, 1e6])] * 2),
    by_length=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_canny_is_one_opencv_call_where_channels_tie_and_thresholds_are_odd(
    *,
    seed: int,
    height: int,
    width: int,
    channels: int,
    steps: int,
    thresholds: tuple[float, float],
    by_length: bool,
) -> None:
    shape = (height, width) if channels == 1 else (height, width, channels)
    few = np.random.default_rng(seed).integers(0, steps, shape) * (255 // (steps - 1))
    image = few.astype(np.uint8)
    low, high = thresholds
    own = run_whole(picture(image), parse(f"canny({low!r}, {high!r}, 3, {str(by_length).lower()})")).colour
    assert np.array_equal(own, cv2.Canny(image, low, high, L2gradient=by_length))


@pytest.mark.parametrize("thresholds", [(10.0, 50_000.0), (40_000.0, 60_000.0), (10.0, 1_000_000.0)])
def test_canny_by_length_cuts_thresholds_as_opencv_does_before_it_squares_them(
    thresholds: tuple[float, float],
) -> None:
    prepare()
    image = noise(200, 300, 3)
    low, high = thresholds
    own = run_whole(picture(image), parse(f"canny({low!r}, {high!r}, 3, true)")).colour
    assert np.array_equal(own, cv2.Canny(image, low, high, L2gradient=True))


def test_canny_of_an_image_that_fills_no_cache_is_one_opencv_call() -> None:
    image = scene(2600, 400, 3)
    assert image.nbytes > 6 * STRIP_BYTES
    for by_length in ("false", "true"):
        own = run_whole(picture(image), parse(f"canny(30, 90, 3, {by_length})")).colour
        assert np.array_equal(own, cv2.Canny(image, 30, 90, L2gradient=by_length == "true"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_negative_of_floats_has_white_at_one(dtype: str) -> None:
    image = noise(20, 10, 3, dtype)
    result = run_whole(picture(image), parse("invert")).colour
    assert str(result.dtype) == dtype
    assert np.array_equal(result, 1 - image)


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_carried_along_unfiltered(channels: int) -> None:
    image = noise(40, 30, channels)
    result = run_whole(picture(image), parse("blur(9) | invert | erode(3)"))
    assert result.alpha is not None
    assert np.array_equal(result.alpha, image[:, :, -1])


def test_a_mask_drops_alpha() -> None:
    assert run_whole(picture(noise(40, 30, 4)), parse("canny(50, 100) | dilate")).alpha is None


@pytest.mark.parametrize("text", ["invert", "blur(5)", "canny(50, 100)", "erode", "dilate"])
def test_no_operation_changes_its_input(text: str) -> None:
    image = noise(40, 30)
    before = image.copy()
    run_whole(picture(image), parse(text))
    assert np.array_equal(image, before)


def test_every_description_is_json_that_a_form_can_be_made_from() -> None:
    for name, operation in registry().items():
        told = json.loads(json.dumps(described(operation)))
        assert told["name"] == name
        assert told["summary"]
        assert told["usage"].startswith(f"{name}(")
        for parameter in told["parameters"]:
            assert parameter["help"].endswith(".")
            assert parameter["example"] is not None or parameter["default_from"]


def test_the_examples_of_required_parameters_make_a_valid_pipeline() -> None:
    for name, operation in registry().items():
        examples = ", ".join(write(p.example) for p in operation.parameters if p.required)
        assert parse(f"{name}({examples})").steps[0].operation is operation


def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> str:
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("tilework.imaging.operations._operations", dict(registry()))
    return name


OWN = """
from tilework.imaging.operations import LocalOperation

class Own(LocalOperation):
    name = {name!r}
    family = "own"
    summary = formula = "Doubles."

    def kernel(self, image, arguments):
        {body}

OPERATIONS = (Own(),)
"""


def test_own_operations_come_from_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = write_module(
        tmp_path, monkeypatch, "own_doubles", OWN.format(name="double", body="return image * 2")
    )
    assert load_extra(module) == ("double",)
    assert load_extra(module) == ("double",), "loading twice is loading once"
    image = noise(9, 7)
    result = run_whole(picture(image), parse("double() | invert"))
    assert np.array_equal(result.colour, cv2.bitwise_not(image * 2))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("x = 1", "OPERATIONS"),
        ("OPERATIONS = (1,)", "no Operation"),
        (
            OWN.format(name="double", body="return image").replace("summary = ", ""),
            "Own, which says no summary",
        ),
        (OWN.format(name="Bad-Name", body="return image"), "'Bad-Name'"),
        (OWN.format(name="blur", body="return image"), "'blur', a name that is in use"),
    ],
)
def test_a_module_that_cannot_be_used_says_why_and_adds_nothing(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = write_module(tmp_path, monkeypatch, "own_broken", text)
    before = dict(registry())
    with pytest.raises(SettingsError) as caught:
        load_extra(module)
    sys.modules.pop(module, None)
    assert "TILEWORK_EXTRA_OPERATIONS" in caught.value.reason
    assert reason in caught.value.reason
    assert dict(registry()) == before


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match="no_such_module_anywhere"):
        load_extra("no_such_module_anywhere")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('on purpose')", "double failed: ValueError: on purpose"),
        ("return image[:3]", "double returned an array of shape"),
    ],
)
def test_an_operation_that_goes_wrong_is_named(
    body: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = write_module(
        tmp_path, monkeypatch, f"own_wrong_{len(body)}", OWN.format(name="double", body=body)
    )
    load_extra(module)
    with pytest.raises(OperationFailedError) as caught:
        run_whole(picture(noise(9, 7)), parse("double"))
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("text", "image", "advice"),
    [
        ("otsu", noise(9, 7, 1, "float32"), "convert(uint8) | otsu(...)"),
        ("adaptive(3, 2)", noise(9, 7), "grayscale | adaptive(...)"),
        ("hsv(30)", noise(9, 7, 1), "hsv is for colours"),
        ("blur(3)", noise(9, 7, 1, "int32"), "none converts such pixels"),
    ],
)
def test_pixels_that_an_operation_does_not_take_come_with_what_helps(
    text: str, image: Image, advice: str
) -> None:
    with pytest.raises(UnsupportedPixelsError) as caught:
        run_whole(picture(image), parse(text))
    assert advice in caught.value.advice
