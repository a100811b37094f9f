"""Connected components: numbered and listed as one scan of the whole image does, however it is cut."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging.samples import picture
from tests.imaging.staged import staged, staged_report
from tilework.errors import OperationFailedError, TooLargeError
from tilework.imaging import report
from tilework.imaging.engine import report_whole, run_whole
from tilework.imaging.operations import labelling
from tilework.imaging.operations.labelling import Rule
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image


def mask(width: int, height: int, share: float, seed: int = 0) -> Image:
    """Noise of which a share is not background."""
    return (np.random.default_rng(seed).random((height, width)) < share).astype(np.uint8) * 255


def spiral(side: int) -> Image:
    """One component that runs through every unit many times, and begins in the middle of the upper row."""
    image = np.zeros((side, side), np.uint8)
    for ring in range(0, side // 2, 4):
        image[ring : side - ring, ring : side - ring] = 1
        image[ring + 2 : side - ring - 2, ring + 2 : side - ring - 2] = 0
        image[ring : ring + 4, side // 2] = 1
    image[0, : side // 2] = 0
    return image


def of_opencv(image: Image, connectivity: int) -> tuple[Image, list[tuple[float, ...]]]:
    """Labels, and of each component its row."""
    _, labels, sums, centres = cv2.connectedComponentsWithStatsWithAlgorithm(
        (image != 0).astype(np.uint8), connectivity, cv2.CV_32S, cv2.CCL_WU
    )
    rows = [(label, *map(int, sums[label]), *map(float, centres[label])) for label in range(1, len(sums))]
    return labels, rows  # type: ignore[return-value]


def rows_of(body: bytes) -> list[tuple[float, ...]]:
    return [tuple(row.values()) for row in json.loads(body)["rows"]]


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 110), st.integers(1, 110)),
    share=st.sampled_from([0.02, 0.3, 0.45, 0.6, 0.9]),
    connectivity=st.sampled_from([4, 8]),
    columns=st.sampled_from([16, 32, 64]),
    seed=st.integers(0, 1 << 16),
)
def test_labels_and_rows_in_units_are_those_of_one_scan(
    size: tuple[int, int], share: float, connectivity: int, columns: int, seed: int
) -> None:
    image = mask(*size, share, seed)
    labels, rows = of_opencv(image, connectivity)
    chain = parse(f"components({connectivity})")
    assert np.array_equal(staged(picture(image), chain, columns=columns, overviews=0)[0].colour, labels)
    asked = parse(f"components({connectivity}) | output(json)")
    body = staged_report(picture(image), asked, columns=columns, overviews=0)
    assert rows_of(body) == rows
    assert body == report_whole(picture(image), asked)


@pytest.mark.parametrize("connectivity", [4, 8])
def test_a_component_through_every_unit_is_one(connectivity: int) -> None:
    image = spiral(161)
    labels, rows = of_opencv(image, connectivity)
    chain = parse(f"components({connectivity}) | output(json)")
    assert rows_of(staged_report(picture(image), chain, columns=32)) == rows
    assert np.array_equal(staged(picture(image), parse(f"components({connectivity})"))[0].colour, labels)


@pytest.mark.parametrize("columns", [16, 64])
def test_what_is_too_small_is_background_and_leaves_no_gap_in_the_labels(columns: int) -> None:
    image = mask(140, 93, 0.35)
    whole = run_whole(picture(image), parse("components(8, 9)")).colour
    labels, rows = of_opencv(image, 8)
    large = [row for row in rows if row[5] >= 9]
    assert 1 < len(large) < len(rows)
    assert np.array_equal(whole != 0, np.isin(labels, [row[0] for row in large]))
    assert np.array_equal(staged(picture(image), parse("components(8, 9)"), columns=columns)[0].colour, whole)
    found = rows_of(staged_report(picture(image), parse("components(8, 9) | output(json)"), columns=columns))
    assert [row[1:] for row in found] == [row[1:] for row in large]
    assert [row[0] for row in found] == list(range(1, len(large) + 1))


def test_labels_after_what_another_operation_made_of_the_whole() -> None:
    image = cv2.GaussianBlur(mask(150, 130, 0.5), (5, 5), 0)
    chain = parse("canny(60, 200) | components() | output(json)")
    edges = cv2.Canny(image, 60, 200)
    labels, rows = of_opencv(edges, 8)
    assert len(rows) > 1
    assert rows_of(staged_report(picture(image), chain, columns=32)) == rows
    assert np.array_equal(staged(picture(image), parse("canny(60, 200) | components()"))[0].colour, labels)


def test_overviews_of_labels_hold_labels_and_no_means_of_them() -> None:
    image = mask(100, 70, 0.3)
    levels = staged(picture(image), parse("components()"), overviews=1)
    assert len(levels) > 2
    for large, small in itertools.pairwise(levels):
        assert np.array_equal(small.colour, large.colour[::2, ::2])


def test_a_report_of_nothing_is_a_report() -> None:
    blank, asked = picture(np.zeros((40, 70), np.uint8)), parse("components() | output(csv)")
    header = b"label,left,top,width,height,area,centroid_x,centroid_y\n"
    assert staged_report(blank, asked) == report_whole(blank, asked) == header
    told = json.loads(report_whole(blank, parse("components() | output(json)")))
    assert (told["data"], told["rows"]) == ({"count": 0, "pixels": 0}, [])


def test_a_report_of_too_many_rows_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    image, asked = picture(mask(90, 60, 0.2)), parse("components() | output(json)")
    monkeypatch.setattr(report, "MOST_ROWS", 100)
    for run in (report_whole, staged_report):
        with pytest.raises(TooLargeError, match=r"components found \d+ rows; a report has at most 100"):
            run(image, asked)
    # the picture has no such limit
    assert run_whole(image, parse("components()")).colour.max() > 100


def test_more_components_than_labels_tell_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelling, "MOST_LABELS", 100)
    with pytest.raises(OperationFailedError, match="labels of 32 bits"):
        staged(picture(mask(90, 60, 0.2)), parse("components()"))


def test_a_partial_grows_with_the_border_and_not_with_what_is_within() -> None:
    def size_of(share: float, side: int) -> int:
        image = mask(side, side, share)
        measured = labelling.measured(image, Window.whole(Size(side, side)), Rule(8, 1))
        return sum(array.nbytes for array in measured.partial.values())

    assert size_of(0.2, 400) < 1.1 * 2 * size_of(0.2, 200)
