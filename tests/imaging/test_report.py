"""Results that are no image: asked for in the language, one object each, and the same bytes every time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.imaging.samples import jpeg, noise, picture, png, scene
from tests.imaging.staged import staged_report
from tilework.errors import OperationFailedError, PipelineError, SettingsError, UnsupportedPixelsError
from tilework.imaging import operations
from tilework.imaging.engine import report_whole
from tilework.imaging.limits import Limits
from tilework.imaging.operations import (
    Measured,
    MeasuredOperation,
    Part,
    Pixels,
    Reduced,
    Report,
    Site,
    registry,
)
from tilework.imaging.pipeline import framed, parse
from tilework.imaging.run import BytesSource, Product, process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tilework.imaging.formats import Picture
    from tilework.imaging.operations import Arguments
    from tilework.imaging.operations.contract import Arrays, Image
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.windows import Size

LIMITS = Limits()


class Brightest(MeasuredOperation):
    """Reports the largest value, and no rows."""

    name = "brightest"
    family = "tests"
    summary = formula = "max(image)"
    reports = True

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        return Measured({"max": np.array(image.max())})

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        return Reduced({"max": max((part.partial["max"] for part in parts), key=float)}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return partial

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return image

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        return Report({"max": known["max"].item(), "ratio": float("inf"), "tags": [float("nan"), True, "ü"]})


class OfNumPy(Brightest):
    """Reports NumPy's own numbers and arrays."""

    name = "of_numpy"
    columns = ("value", "seen")

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        row = {"value": np.float32(0.5), "seen": np.bool_(True)}
        return Report({"max": np.int64(7), "each": np.array([1.5, np.nan])}, [row])  # type: ignore[dict-item, list-item]


class Object(Brightest):
    """Reports what JSON does not hold."""

    name = "object"

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        return Report({"found": {1, 2}})


class NoColumn(Brightest):
    """Leaves out a column of its rows."""

    name = "no_column"
    columns = ("a", "b")

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        return Report({}, [{"a": 1}])


class NotCounted(Brightest):
    """Lists rows, and does not say how many."""

    name = "not_counted"
    columns = ("a",)
    lists = True


OWN = (Brightest(), OfNumPy(), Object(), NoColumn(), NotCounted())


class Painting(Brightest):
    """Paints, and does not drop the alpha."""

    name = "painting"
    paints = True


@pytest.fixture
def own_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_operations", dict(registry()) | {each.name: each for each in OWN})


def done(data: bytes, text: str) -> Product:
    return process(BytesSource(data), parse(text), LIMITS)


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("blur(9) | output(json)", 10, r"blur reports nothing for output\(json\)"),
        ("components | invert | output(csv)", 22, r"invert reports nothing|invert reports no rows"),
        ("output(json)", 0, "no operation reports nothing"),
        ("components | output(xml)", 20, "one of png, .*json, csv"),
    ],
)
def test_a_report_of_what_reports_nothing_is_refused_where_it_stands(
    text: str, position: int, reason: str
) -> None:
    with pytest.raises(PipelineError, match=reason) as caught:
        parse(text)
    assert caught.value.position == position


def test_the_advice_names_the_operations_that_report() -> None:
    with pytest.raises(PipelineError) as caught:
        framed(parse("invert"), page=None, output="json")
    assert "histogram" in caught.value.advice
    assert "components" in caught.value.advice
    assert framed(parse("histogram"), page=None, output="CSV").canonical == "histogram() | output(csv)"


@pytest.mark.usefixtures("own_operations")
def test_what_has_no_rows_has_no_table() -> None:
    with pytest.raises(PipelineError, match="brightest reports no rows"):
        parse("brightest | output(csv)")


@pytest.mark.usefixtures("own_operations")
def test_a_report_without_rows_is_its_data_and_what_is_not_finite_is_null() -> None:
    image = noise(12, 7)
    told = json.loads(report_whole(picture(image), parse("page(0) | invert | brightest | output(json)")))
    assert told == {
        "schema": 1,
        "operation": "brightest()",
        "pipeline": "page(0) | invert() | brightest() | output(json)",
        "image": {"width": 12, "height": 7, "dtype": "uint8", "channels": 3},
        "data": {"max": 255 - int(image.min()), "ratio": None, "tags": [None, True, "ü"]},
    }


@pytest.mark.usefixtures("own_operations")
def test_numbers_of_numpy_are_numbers() -> None:
    told = json.loads(report_whole(picture(noise(5, 4)), parse("of_numpy | output(json)")))
    assert told["data"] == {"max": 7, "each": [1.5, None]}
    assert told["rows"] == [{"value": 0.5, "seen": True}]
    assert report_whole(picture(noise(5, 4)), parse("of_numpy | output(csv)")) == b"value,seen\n0.5,true\n"


@pytest.mark.parametrize("make", [report_whole, staged_report], ids=["whole", "in units"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("object | output(json)", "The operation object failed: TypeError"),
        ("no_column | output(json)", "The operation no_column failed: KeyError: 'b'"),
        ("no_column | output(csv)", "The operation no_column failed: KeyError: 'b'"),
        ("not_counted | output(csv)", "The operation not_counted failed: KeyError: 'count'"),
    ],
)
@pytest.mark.usefixtures("own_operations")
def test_what_cannot_be_written_of_a_report_is_the_operations_failure(
    make: Callable[[Picture, Pipeline], bytes], text: str, said: str
) -> None:
    with pytest.raises(OperationFailedError, match=said):
        make(picture(noise(40, 20)), parse(text))


@pytest.mark.parametrize(
    ("output", "media"), [("json", "application/json"), ("csv", "text/csv; charset=utf-8")]
)
def test_a_file_becomes_a_report_and_the_same_again(output: str, media: str) -> None:
    array = cv2.threshold(scene(60, 40, 1), 128, 255, cv2.THRESH_BINARY)[1]
    text = f"components() | output({output})"
    one, other = done(png(array), text), done(png(array), text)
    assert (one.suffix, one.content_type) == (f".{output}", media)
    assert (one.width, one.height, one.dtype) == (60, 40, "uint8")
    assert one.body == other.body
    assert one.body.count(b"\n") >= cv2.connectedComponents(array)[0] > 5


def test_labels_go_to_a_tiff_and_a_drawing_of_a_photo_to_a_png() -> None:
    labels = done(png(scene(60, 40, 1)), "components()")
    assert labels.suffix == ".tif"
    drawing = done(jpeg(scene(60, 40)), "histogram()")
    assert drawing.suffix == ".png"
    with pytest.raises(UnsupportedPixelsError, match="PNG cannot hold a result of 60 x 40 pixels, int32"):
        done(png(scene(60, 40, 1)), "components() | output(png)")


def test_alpha_is_dropped_by_what_paints_labels() -> None:
    grey = np.dstack([scene(50, 30, 1)] * 3 + [noise(50, 30, 1)])
    assert parse("histogram").kinds(Pixels("uint8", 3, alpha=True))[-1] == Pixels("uint8", 3)
    assert parse("components").kinds(Pixels("uint16", 1, alpha=True))[-1] == Pixels("int32", 1)
    assert done(png(grey), "histogram").suffix == ".png"


def test_an_operation_that_paints_and_keeps_alpha_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.imaging.test_report.OPERATIONS", [Painting()], raising=False)
    with pytest.raises(SettingsError, match="paints and keeps alpha"):
        operations.load_extra("tests.imaging.test_report")
