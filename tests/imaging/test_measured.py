"""Operations that must know the whole image: measured in parts, on any process, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import HeldPicture, HeldScratch, staged
from tilework.errors import OperationFailedError
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Format, Header
from tilework.imaging.formats.cog import CogLayout
from tilework.imaging.operations import Measured, MeasuredOperation, Part, Reduced, Site, registry
from tilework.imaging.operations.contract import VECTOR_ALIGNMENT
from tilework.imaging.pipeline import parse
from tilework.imaging.stages.on_one_host import Ranks, measure
from tilework.imaging.stages.planning import largest_cut
from tilework.imaging.stages.work import Work
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tilework.imaging.operations import Arguments
    from tilework.imaging.operations.contract import Arrays, Image


class Darken(MeasuredOperation):
    """Subtracts the image's mean, rounded down: exact only if every pixel is counted, and counted once."""

    name = "darken"
    family = "tests"
    summary = formula = "v - floor(mean)"

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        core = image[site.output.within(site.source)]
        return Measured({"sum": core.sum(dtype=np.int64), "count": np.int64(core.size)}, {})

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        names = ("sum", "count")
        return Reduced({name: sum(part.partial[name] for part in parts) for name in names}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return {"mean": partial["sum"] // partial["count"]}

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.subtract(image, np.full_like(image, int(arguments["mean"])))


class Broken(Darken):
    name = "broken"

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        raise ValueError("cannot measure")


@pytest.fixture(autouse=True)
def own_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"darken": Darken(), "broken": Broken()}
    monkeypatch.setattr(operations, "_operations", dict(registry()) | own)


def by_hand(image: Image) -> Image:
    return cv2.subtract(image, np.full_like(image, int(image.mean())))


def test_what_is_measured_reaches_the_kernel() -> None:
    image = scene(90, 70)
    assert np.array_equal(run_whole(picture(image), parse("darken")).colour, by_hand(image))


def test_each_operation_measures_what_the_ones_before_it_made() -> None:
    image = noise(90, 70)
    expected = cv2.GaussianBlur(by_hand(cv2.GaussianBlur(by_hand(image), (9, 9), 0)), (3, 3), 0)
    chain = parse("darken | blur(9) | darken | blur(3)")
    assert np.array_equal(run_whole(picture(image), chain).colour, expected)


@pytest.mark.parametrize("columns", [32, 64, 160])
def test_measured_in_units_is_measured_whole(columns: int) -> None:
    image, chain = picture(noise(131, 97, 4)), parse("blur(5) | darken | erode(3) | darken")
    whole = run_whole(image, chain)
    assert np.array_equal(staged(image, chain, columns=columns)[0].colour, whole.colour)


def test_nothing_is_settled_twice_for_a_stage_however_many_steps_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, chain = picture(noise(40, 33, 1)), parse(" | ".join(["darken"] * 12))
    layout = CogLayout(size=image.size, pixels=image.pixels, tile=16, compression="none")
    work = Work(HeldPicture(image), chain, layout, HeldScratch(), 32, 0)
    measure(work, tmp_path, Ranks(None, 1, lambda _: None, float, int), 60)
    settled = []
    settle = Darken.settle
    monkeypatch.setattr(Darken, "settle", lambda *given: settled.append(1) or settle(*given))
    writing = work.writing(0)
    assert len(settled) == 12
    assert [step.canonical for step in writing.pipeline.steps] == ["darken()"] * 12


def test_what_was_measured_is_no_part_of_the_text() -> None:
    step = parse("darken").steps[0]
    assert step.knowing({"mean": 5}).canonical == "darken()"


def test_an_operation_that_cannot_measure_is_named() -> None:
    with pytest.raises(OperationFailedError, match="broken failed: ValueError: cannot measure"):
        run_whole(picture(noise(9, 9)), parse("broken"))


def test_a_site_in_the_middle_of_a_chain_tells_windows_of_its_own_input() -> None:
    pipeline, image = parse("blur(9) | erode(3) | invert"), picture(noise(50, 40))
    site = pipeline.site(1, Window(10, 10, 20, 20), image.size, operations.Pixels("uint8", 3))
    assert site.source == Window(9, 9, 21, 21)


def test_only_what_must_know_the_whole_is_measured_and_what_is_to_report() -> None:
    chain = parse("bilateral(5, 40, 40) | darken | invert | histogram(16)")
    assert chain.measured(operations.Pixels("uint8", 1)) == (1, 3)
    assert parse("bilateral(5, 40, 40) | darken").measured(operations.Pixels("float32", 1)) == (0, 1)
    assert parse("darken | blur(3)").measured(operations.Pixels("uint8", 3)) == (0,)
    assert parse("invert | components | output(csv)").measured(operations.Pixels("uint8", 1)) == (1,)


def test_units_are_cut_of_what_is_measured_only_where_something_is() -> None:
    small = parse("bilateral(5, 40, 40) | resize(20, 20)")
    for dtype, expected in (("uint8", Size(20, 20)), ("float32", Size(900, 900))):
        pixels = operations.Pixels(dtype, 1)
        header = Header(format=Format.TIFF, stored=Size(900, 900), pixels=pixels, bits=8, colour="grey")
        assert largest_cut(small, header) == expected


def test_the_last_columns_are_measured_with_what_a_vector_takes_like_any_window() -> None:
    pipeline, size, pixels = parse("darken"), Size(515, 40), operations.Pixels("float32", 1)
    edge = Window(512, 0, 515, 40)
    measured = pipeline.measured_site(0, edge, size, pixels)
    assert measured.source.width >= VECTOR_ALIGNMENT.width
    assert measured.source == pipeline.site(0, edge, size, pixels).source
