"""The histogram as a result: counts of every pixel, once, and sums of whole numbers rounded at the end."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged, staged_report
from tilework.errors import UnsupportedPixelsError
from tilework.imaging.engine import report_whole, run_whole
from tilework.imaging.operations import Pixels
from tilework.imaging.pipeline import parse

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

IMAGES = {
    "colour": scene(130, 90),
    "grey": scene(97, 61, 1),
    "deep": noise(80, 70, 3, "uint16"),
    "one value": np.full((9, 40), 200, np.uint8),
    "dot": noise(1, 1),
}


def told_of(image: Image, text: str = "histogram()") -> dict[str, Any]:
    told: dict[str, Any] = json.loads(report_whole(picture(image), parse(f"{text} | output(json)")))
    return told


@pytest.mark.parametrize("name", IMAGES)
def test_the_report_tells_what_numpy_says_of_each_channel(name: str) -> None:
    image = IMAGES[name]
    told = told_of(image)
    planes = (
        dict(zip(["blue", "green", "red"], image.transpose(2, 0, 1), strict=True))
        if image.ndim == 3
        else {"grey": image}
    )
    assert told["data"]["pixels"] == image.shape[0] * image.shape[1]
    for channel, plane in planes.items():
        found = told["data"]["channels"][channel]
        assert (found["min"], found["max"]) == (plane.min(), plane.max())
        assert found["mean"] == int(plane.sum(dtype=np.int64)) / plane.size
        assert found["std"] == pytest.approx(plane.std(dtype=np.float64), rel=1e-12, abs=1e-9)
        for rank, value in found["percentiles"].items():
            assert value == np.percentile(plane, int(rank), method="inverted_cdf")
        rows = [row for row in told["rows"] if row["channel"] == channel]
        assert [row["bin"] for row in rows] == list(range(256))
        values = int(np.iinfo(image.dtype).max) + 1
        assert (rows[0]["low"], rows[-1]["high"]) == (0, values - 1)
        for row in rows:
            assert row["count"] == np.count_nonzero((plane >= row["low"]) & (plane <= row["high"]))


@pytest.mark.parametrize("bins", [2, 3, 100, 255, 256])
def test_each_value_is_in_the_bin_that_the_formula_says(bins: int) -> None:
    image = IMAGES["grey"]
    rows = told_of(image, f"histogram({bins})")["rows"]
    expected = np.bincount(image.ravel().astype(np.int64) * bins // 256, minlength=bins)
    assert [row["count"] for row in rows] == expected.tolist()


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("columns", [16, 48])
def test_in_units_the_report_is_the_same_to_the_byte(name: str, columns: int) -> None:
    image = picture(IMAGES[name])
    for asked in (parse("histogram(37) | output(json)"), parse("histogram(37) | output(csv)")):
        assert staged_report(image, asked, columns=columns) == report_whole(image, asked)


def test_more_bins_than_there_are_values_are_refused_before_any_pixel_is_read() -> None:
    with pytest.raises(UnsupportedPixelsError, match="at most 256 bins of uint8"):
        parse("histogram(257)").kinds(Pixels("uint8", 1))
    assert parse("histogram(65536)").kinds(Pixels("uint16", 1))[-1] == Pixels("uint8", 1)


@pytest.mark.parametrize("bins", [2, 3, 256, 1000, 65_536])
def test_the_drawing_is_the_same_in_units_and_every_bin_with_a_pixel_is_seen(bins: int) -> None:
    image, chain = picture(IMAGES["deep"]), parse(f"blur(3) | histogram({bins})")
    drawn = run_whole(image, chain).colour
    assert drawn.shape == (256, 512, 3)
    assert drawn.max(axis=(0, 1)).tolist() == [255, 255, 255]
    assert np.array_equal(staged(image, chain, tile=128)[0].colour, drawn)


def test_a_drawing_can_be_worked_on_further() -> None:
    image, chain = picture(IMAGES["colour"]), parse("histogram() | invert() | blur(5)")
    assert np.array_equal(staged(image, chain, tile=128)[0].colour, run_whole(image, chain).colour)


def test_the_table_has_a_line_a_bin() -> None:
    body = report_whole(picture(IMAGES["colour"]), parse("histogram(16) | output(csv)"))
    lines = list(csv.DictReader(io.StringIO(body.decode())))
    assert len(lines) == 3 * 16
    assert lines[0].keys() == {"channel", "bin", "low", "high", "count"}
    assert sum(int(line["count"]) for line in lines) == IMAGES["colour"].size
