"""The report of a large image through the stages of a fleet: measured by units, and the only object that is left."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from tests.fleet.whole_fleet import Fleet
from tests.imaging.samples import picture, png
from tests.imaging.test_components import mask, of_opencv
from tests.imaging.tiffs import written
from tilework.errors import NoTilesError
from tilework.fleet.tiles_so_far import TilesSoFar
from tilework.imaging import report
from tilework.imaging.engine import report_whole
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.pipeline import parse
from tilework.jobs.job import State
from tilework.jobs.units import UnitTask

SMALL = Limits(block_bytes=4 * MIB)


def sparse(height: int, width: int) -> np.ndarray:
    """A few thousand components, some of which run far."""
    image = mask(width, height, 0.002)
    image[height // 3] = image[:, width // 2] = 255
    return image


def tiff(array: np.ndarray) -> bytes:
    return written(array, tile=(256, 256), compression="zlib", predictor=2)


@pytest.mark.parametrize(
    "text", ["components(8) | output(json)", "components(4) | output(csv)", "histogram() | output(json)"]
)
def test_a_report_by_units_is_that_of_the_whole_and_one_object(text: str) -> None:
    array = sparse(2300, 2100)
    fleet = Fleet(SMALL)
    job = fleet.drop(tiff(array), text)
    fleet.run()
    row = fleet.row(job)
    assert (row.state, row.width, row.height, row.dtype) == (State.DONE, 2100, 2300, "uint8"), row.reason
    assert fleet.result(job) == report_whole(picture(array), parse(text))
    suffix = f".{parse(text).output}"
    assert row.result_key.endswith(suffix)
    assert [item.key for item in fleet.system.outputs.list("")] == [row.result_key]
    info = fleet.info(job)
    assert info.content_type == report.ReportFormat(suffix[1:]).content_type
    assert (info.metadata["job"], info.metadata["source-size"]) == (job.id, "2100x2300")
    stages = [label.partition("-")[2] for label in dict.fromkeys(fleet.done)]
    assert stages[0] == "measure-0"
    assert stages[-1] == "report"
    assert not [stage for stage in stages if stage.startswith(("write", "overviews", "assemble"))]


def test_an_image_that_is_rewritten_first_and_chained_is_reported_on_as_well() -> None:
    array = sparse(2000, 1700)
    fleet = Fleet(Limits(block_bytes=4 * MIB, working_set=6 * MIB))
    job = fleet.drop(png(array), "invert() | components(8) | output(json)", key="large.png")
    fleet.run()
    assert fleet.row(job).state is State.DONE, fleet.row(job).reason
    assert fleet.result(job) == report_whole(picture(array), parse("invert() | components(8) | output(json)"))
    assert fleet.done[0] == "0-rewrite"


def test_the_labels_by_units_are_those_of_one_scan() -> None:
    import io

    import tifffile

    array = sparse(2300, 2100)
    fleet = Fleet(SMALL)
    job = fleet.drop(tiff(array), "components()")
    fleet.run()
    assert fleet.row(job).state is State.DONE, fleet.row(job).reason
    with tifffile.TiffFile(io.BytesIO(fleet.result(job))) as file:
        levels = [page.asarray() for page in file.pages]
    np.testing.assert_array_equal(levels[0], of_opencv(array, 8)[0])
    np.testing.assert_array_equal(levels[1], levels[0][::2, ::2])


def test_a_report_has_no_tiles_and_says_so_while_it_is_made_and_after() -> None:
    array = sparse(2300, 2100)
    fleet = Fleet(SMALL)
    job = fleet.drop(tiff(array), "histogram() | output(json)")
    tiles = TilesSoFar(fleet.system, time.time)
    asked: list[str] = []

    def look(task: UnitTask) -> None:
        with pytest.raises(NoTilesError, match="its result is a report, and no picture"):
            tiles.seen(fleet.row(job))
        asked.append(task.label)

    fleet.before = look
    fleet.run()
    assert asked
    for ask in (lambda: tiles.seen(fleet.row(job)), lambda: tiles.tile(fleet.row(job), 0, 0, 0)):
        with pytest.raises(NoTilesError, match="its result is a report, and no picture"):
            ask()


def test_a_rank_that_dies_of_the_report_leaves_one_result() -> None:
    array = sparse(2300, 2100)
    fleet = Fleet(
        SMALL,
        dies=lambda task, step: task.label.startswith("0-measure") and step == 1 and len(fleet.done) < 2,
    )
    job = fleet.drop(tiff(array), "components() | output(json)")
    fleet.run()
    assert fleet.result(job) == report_whole(picture(array), parse("components() | output(json)"))
    assert fleet.left() == []


def test_too_many_rows_fail_the_job_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_ROWS", 10)
    fleet = Fleet(SMALL)
    job = fleet.drop(tiff(sparse(2300, 2100)), "components() | output(json)")
    fleet.run()
    row = fleet.row(job)
    assert (row.state, row.code) == (State.FAILED, "too_large")
    assert "a report has at most 10" in row.reason
    assert fleet.left() == []


def test_the_report_tells_its_schema() -> None:
    body = report_whole(picture(sparse(20, 30)), parse("components() | output(json)"))
    assert json.loads(body)["schema"] == report.SCHEMA
