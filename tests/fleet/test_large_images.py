"""A large image through the stages of a fleet, from one object to another: as one OpenCV call on the whole."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING, Any

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from tests.fleet.whole_fleet import Fleet, nothing
from tests.imaging.cog_readers import seen_by_tifffile, valid
from tests.imaging.jp2_files import codestream
from tests.imaging.samples import scene
from tests.imaging.tiffs import written
from tilework.errors import LeaseLostError, OperationFailedError
from tilework.fleet import planning
from tilework.fleet.workshop import Surroundings, naming
from tilework.imaging.formats import jp2_strips
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.pyramid import halved
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.operations.histogram import CountedOperation
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tilework.fleet.assembly import Stored
    from tilework.jobs.stores import Part, Upload
    from tilework.jobs.units import UnitTask

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
FREE = Surroundings(lambda: True, nothing)

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    return scene(width, height, channels)


def tiff(array: np.ndarray, **options: object) -> bytes:
    """Red first, in tiles."""
    return written(array, tile=(256, 256), compression="zlib", predictor=2, **options)


def test_blurred_in_units_it_is_as_one_call_on_the_whole_would_have_made_it() -> None:
    array = photo(2300, 3100)
    fleet = Fleet()
    job = fleet.drop(tiff(array), "invert() | blur(9)")
    fleet.run()
    row = fleet.row(job)
    assert (row.state, row.width, row.height, row.dtype) == (State.DONE, 3100, 2300, "uint8"), row.reason
    levels = [cv2.GaussianBlur(255 - array, (9, 9), 0)]
    result = fleet.result(job)
    for _ in range(3):
        levels.append(halved(Picture(levels[-1])).colour)
    seen = seen_by_tifffile(result)
    assert len(seen) == 4
    for level, expected in zip(seen, levels, strict=True):
        np.testing.assert_array_equal(level, expected)
    assert valid(result)
    assert fleet.left() == []
    assert Counter(fleet.done)["0-write"] >= 9
    assert fleet.done[-1].endswith("assemble")


def test_edges_are_found_across_all_units_as_in_the_whole() -> None:
    array = photo(2300, 3100)
    fleet = Fleet()
    job = fleet.drop(tiff(array), "blur(5) | canny(40, 120)")
    fleet.run()
    assert fleet.row(job).state is State.DONE, fleet.row(job).reason
    expected = cv2.Canny(cv2.GaussianBlur(np.ascontiguousarray(array[:, :, ::-1]), (5, 5), 0), 40, 120)
    assert expected.any()
    np.testing.assert_array_equal(seen_by_tifffile(fleet.result(job))[0], expected)
    assert fleet.left() == []
    assert {name.split("-")[1] for name in fleet.done} == {
        "measure",
        "reduce",
        "write",
        "overviews",
        "assemble",
    }


def test_an_image_that_is_only_read_in_sequence_is_rewritten_first_and_keeps_its_profile() -> None:
    array = photo(1500, 5000)
    body = png_with(array, icc=SRGB, dpi=(300, 300))
    fleet = Fleet(Limits(block_bytes=24 * MIB))
    job = fleet.drop(body, "blur(9)", "large.png")
    fleet.run()
    row = fleet.row(job)
    assert row.state is State.DONE, row.reason
    assert fleet.done[0] == "0-rewrite"
    with tifffile.TiffFile(io.BytesIO(fleet.result(job))) as file:
        page = file.pages[0]
        np.testing.assert_array_equal(page.asarray(), cv2.GaussianBlur(array, (9, 9), 0))
        assert page.tags["InterColorProfile"].value == SRGB
        assert page.tags["XResolution"].value[0] / page.tags["XResolution"].value[1] == pytest.approx(
            118.11, abs=0.1
        )
    assert row.result_key.endswith(".tif")
    assert fleet.left() == []


@pytest.mark.parametrize("side", [512, 5000], ids=["tiles", "one tile"])
def test_a_large_jpeg_2000_is_rewritten_as_the_one_decoder_reads_it(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jp2_strips, "WHOLE_BYTES", 16 * MIB)
    body = codestream(photo(1500, 2500), BLOCKXSIZE=side, BLOCKYSIZE=side, REVERSIBLE="NO", QUALITY="25")
    whole = imagecodecs.jpeg2k_decode(body, planar=False)
    fleet = Fleet()
    job = fleet.drop(body, "blur(9)", "large.j2k")
    fleet.run()
    row = fleet.row(job)
    assert row.state is State.DONE, row.reason
    assert fleet.done[0] == "0-rewrite"
    np.testing.assert_array_equal(seen_by_tifffile(fleet.result(job))[0], cv2.GaussianBlur(whole, (9, 9), 0))
    assert fleet.left() == []


def test_a_damaged_tile_fails_the_job_with_the_tile_named_and_leaves_nothing() -> None:
    body = bytearray(tiff(photo(2300, 3100)))
    with tifffile.TiffFile(io.BytesIO(body)) as file:
        start, count = file.pages[0].dataoffsets[60], file.pages[0].databytecounts[60]
    body[start : start + count] = b"\xff" * count
    fleet = Fleet()
    job = fleet.drop(bytes(body), "blur(9)")
    fleet.run()
    row = fleet.row(job)
    assert (row.state, row.code) == (State.FAILED, "damaged")
    assert f"tile 60 (byte {start:,})" in row.reason
    assert fleet.left() == []
    assert list(fleet.system.outputs.list("results/")) == []


def test_a_unit_that_is_done_twice_changes_nothing() -> None:
    array = photo(1200, 1700)
    fleet = Fleet()
    job = fleet.drop(tiff(array), "invert()")
    (message,) = fleet.system.units.receive(1)
    tasks = [fleet.work.consider(message), fleet.work.consider(message)]
    texts = [shop.make(task, FREE) for shop, task in zip(fleet.workshops, tasks, strict=True) if task]
    for task, made in zip(tasks, texts, strict=True):
        assert task is not None
        fleet.work.commit(message, task, made)
    fleet.run()
    np.testing.assert_array_equal(seen_by_tifffile(fleet.result(job))[0], 255 - array)
    assert fleet.left() == []


def test_whoever_dies_behind_whichever_step_the_result_has_the_same_bytes() -> None:
    body = tiff(photo(1500, 1700))
    calm = Fleet()
    expected = calm.drop(body, "canny(40, 120)")
    calm.run()
    troubled, deaths = Fleet(ranks=3), Counter[int]()

    def dies(task: UnitTask, step: int) -> bool:
        chance = (task.unit.number + task.unit.stage) % 4 == step and deaths[hash(task.unit)] == 0
        deaths[hash(task.unit)] += chance
        deaths[step] += chance
        return chance

    troubled.dies = dies
    job = troubled.drop(body, "canny(40, 120)")
    troubled.run()
    assert all(deaths[step] for step in range(3))
    assert troubled.result(job) == calm.result(expected)
    assert troubled.left() == []


def test_an_attempt_whose_lease_has_ended_stops_before_its_next_block() -> None:
    fleet = Fleet()
    fleet.drop(tiff(photo(1200, 1700)), "invert()")
    (message,) = fleet.system.units.receive(1)
    task = fleet.work.consider(message)
    assert task is not None
    with pytest.raises(LeaseLostError):
        fleet.workshops[0].make(task, Surroundings(lambda: False, nothing))
    assert [key for key in fleet.left() if not key.endswith("plan")] == []


def test_a_result_that_was_stored_by_another_assembly_stays_as_it_is() -> None:
    fleet = Fleet()
    job = fleet.drop(tiff(photo(1200, 1700)), "invert()")
    second: list[Stored] = []

    def twice(task: UnitTask) -> None:
        if task.stores_result:
            second.append(fleet.workshops[1].assemble(task, FREE, "another"))

    fleet.before = twice
    fleet.run()
    assert len(list(fleet.system.outputs.versions(fleet.row(job).result_key))) == 1
    assert fleet.info(job).metadata["made-by"] == "another"
    assert len(second) == 1


def test_an_operation_that_fails_tells_where_it_did() -> None:
    fleet = Fleet()
    task = first_task(fleet)
    with (
        pytest.raises(
            OperationFailedError,
            match=r"in the stage write, unit 0 of \d+: columns 0 to [\d,]+, rows 0 to [\d,]+",
        ),
        naming(task),
    ):
        raise OperationFailedError("It failed.")


def test_what_is_large_enough_is_copied_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "ENOUGH_UNITS", 1)
    array = photo(3000, 3100)
    fleet = Fleet()
    copied: list[str] = []
    copy = fleet.system.outputs.copy_part

    def copy_part(upload: Upload, number: int, source: str, *, size: int) -> Part:
        copied.append(source)
        return copy(upload, number, source, size=size)

    monkeypatch.setattr(fleet.system.outputs, "copy_part", copy_part)
    job = fleet.drop(written(array, tile=(256, 256)), "invert()")
    fleet.run()
    result = fleet.result(job)
    np.testing.assert_array_equal(seen_by_tifffile(result)[0], 255 - array)
    assert valid(result)
    assert len(copied) >= 2
    assert all("/tiles-" in key for key in copied)


def test_what_a_unit_has_left_comes_back_by_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(Limits(), ranks=1)
    read = fleet.system.outputs.read
    reads = Counter[str]()

    def counted(key: str, version: str | None, start: int, stop: int) -> bytes:
        stage, kind = key.split("/")[3], key.rsplit("/", 1)[1].rstrip("0123456789-")
        reads[f"{stage} {kind}"] += 1
        return read(key, version, start, stop)

    monkeypatch.setattr(fleet.system.outputs, "read", counted)
    job = fleet.drop(tiff(photo(2300, 6300)), "canny(40, 120)")
    fleet.run()
    assert fleet.row(job).state is State.DONE
    done = Counter(fleet.done)
    units = done["0-measure-0"]
    # for itself and for the reducing
    assert reads["0-measure-0 manifest"] <= 2 * units
    # what is kept of all cells of a unit, how they were joined, and its border
    assert units <= reads["0-measure-0 arrays"] <= 4 * units


def first_task(fleet: Fleet) -> UnitTask:
    fleet.drop(tiff(photo(1200, 1700)), "invert()")
    (message,) = fleet.system.units.receive(1)
    task = fleet.work.consider(message)
    assert task is not None
    return task


def png_with(array: np.ndarray, *, icc: bytes, dpi: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG", icc_profile=icc, dpi=dpi, compress_level=1)
    return file.getvalue()


def test_each_rank_settles_what_is_known_once_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    stage: list[str] = []
    settled: Counter[tuple[str, str]] = Counter()
    settle = CountedOperation.settle

    def counting(operation: CountedOperation, *given: Any) -> Any:
        settled[stage[-1], operation.name] += 1
        return settle(operation, *given)

    monkeypatch.setattr(CountedOperation, "settle", counting)
    fleet = Fleet(ranks=1, before=lambda task: stage.append(task.plan.stages[task.unit.stage].name))
    job = fleet.drop(tiff(photo(1500, 1500, 1).astype(np.uint16)), "equalize | stretch")
    fleet.run()
    assert fleet.row(job).state is State.DONE
    assert Counter(stage)["write"] >= 9
    once = [
        ("measure-1", "equalize"),
        ("reduce-1-1", "equalize"),
        ("write", "equalize"),
        ("write", "stretch"),
    ]
    assert settled == dict.fromkeys(once, 1)
