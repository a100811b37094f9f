"""The tiles of a large result while it is made: each as the finished file has it, as soon as its unit is done."""

from __future__ import annotations

import io
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from tests.fleet.whole_fleet import Fleet, nothing
from tests.imaging.cogs import cog, layout_of
from tests.imaging.samples import decoded, noise, scene
from tests.imaging.tiffs import written
from tilework.errors import NoSuchTileError, NoTilesError, TileNotMadeError
from tilework.fleet.planning import plan_image
from tilework.fleet.source import ObjectSource
from tilework.fleet.tiles_so_far import Shown, TilesSoFar
from tilework.imaging.pipeline import parse
from tilework.jobs.job import State
from tilework.jobs.messages import asks, event_body
from tilework.jobs.transitions import Claimant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.operations.contract import Image
    from tilework.jobs.job import Job
    from tilework.jobs.units import UnitTask

SIZE = (1700, 1500)
BEYOND = [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (9, 0, 0), (1 << 70, 0, 0), (0, 99, 0), (0, 0, 1 << 70)]


def tiff(array: Image, **options: Any) -> bytes:
    return written(array, tile=(256, 256), compression="zlib", predictor=2, **options)


def jpeg_tiles(array: Image) -> bytes:
    return cog(array, layout_of(array, compression="jpeg", subsampling="4:2:0", overviews=False))


@dataclass
class Viewer:
    """Looks at every tile of a job before each unit of its fleet is worked on."""

    fleet: Fleet
    job: Job | None = None
    first_seen: dict[tuple[int, int, int], Shown] = field(default_factory=dict)
    moments: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tiles = TilesSoFar(self.fleet.system, time.time)
        self.fleet.before = lambda task: self.look(task.label)

    def places(self) -> Iterator[tuple[int, int, int]]:
        assert self.job is not None
        for level, found in enumerate(self.tiles.seen(self.fleet.row(self.job)).levels):
            for line in range(found.grid.height):
                for column in range(found.grid.width):
                    yield level, column, line

    def look(self, label: str) -> None:
        """Each tile is shown or still to be made, as many of each level as are told, and none ever changes."""
        assert self.job is not None
        row = self.fleet.row(self.job)
        there = Counter[int]()
        for place in self.places():
            try:
                shown = self.tiles.tile(row, *place)
            except TileNotMadeError:
                assert place not in self.first_seen
                continue
            there[place[0]] += 1
            assert self.first_seen.setdefault(place, shown) == shown
        made = tuple(level.made for level in self.tiles.seen(row).levels)
        assert made == tuple(there[level] for level in range(len(made)))
        self.moments.append((label.partition("-")[2], made))

    def watch(self, body: bytes, pipeline: str, key: str = "large.tif") -> bytes:
        """Let the fleet work until the end; the result."""
        self.job = self.fleet.drop(body, pipeline, key)
        self.fleet.run()
        assert self.fleet.left() == []
        self.look("-done")
        return self.fleet.result(self.job)


@pytest.mark.parametrize(
    ("array", "pipeline"),
    [
        (scene(*SIZE, 3), "invert() | blur(9)"),
        (scene(*SIZE, 3), "blur(5) | canny(40, 120)"),
        (noise(*SIZE, 1, "uint16"), "blur(9)"),
    ],
    ids=["colour", "mask", "deep"],
)
def test_each_tile_is_shown_from_its_unit_on_with_the_pixels_of_the_result(
    array: Image, pipeline: str
) -> None:
    viewer = Viewer(Fleet())
    result = viewer.watch(tiff(array), pipeline)
    with tifffile.TiffFile(io.BytesIO(result)) as file:
        pages = [page.asarray() for page in file.pages]
    for (level, column, line), shown in viewer.first_seen.items():
        assert shown.media_type == "image/png"
        wanted = pages[level][line * 512 : (line + 1) * 512, column * 512 : (column + 1) * 512]
        seen = decoded(shown.data)
        seen = seen[:, :, ::-1] if seen.ndim == 3 else seen
        assert seen.shape[:2] == (512, 512)
        np.testing.assert_array_equal(seen[: wanted.shape[0], : wanted.shape[1]], wanted)
    stages = dict(viewer.moments)
    assert (
        stages["assemble"]
        == stages["done"]
        == tuple(-(-page.shape[0] // 512) * -(-page.shape[1] // 512) for page in pages)
    )
    assert len({made for label, made in viewer.moments if label == "write"}) >= 9
    assert any(label.startswith("overviews") and made < stages["done"] for label, made in viewer.moments)


def test_jpeg_tiles_are_shown_as_the_very_bytes_of_the_result() -> None:
    viewer = Viewer(Fleet())
    result = viewer.watch(jpeg_tiles(scene(*SIZE, 3)), "blur(9)")
    with tifffile.TiffFile(io.BytesIO(result)) as file:
        for (level, column, line), shown in viewer.first_seen.items():
            page = file.pages[level]
            index = line * -(-page.imagewidth // 512) + column
            start, length = page.dataoffsets[index], page.databytecounts[index]
            assert shown.media_type == "image/jpeg"
            assert shown.data.endswith(result[start + 2 : start + length])
            pixels = page.asarray()[line * 512 : (line + 1) * 512, column * 512 : (column + 1) * 512]
            seen = decoded(shown.data)[: pixels.shape[0], : pixels.shape[1], ::-1]
            # two JPEG decoders may differ by their rounding, not by a colour
            assert np.abs(seen.astype(int) - pixels).max() <= 4
    assert len(viewer.first_seen) == sum(viewer.moments[-1][1])


def begun(body: bytes | None = None) -> tuple[Fleet, Job]:
    """A fleet that has done some units of the stage of writing."""
    fleet = Fleet()
    job = fleet.drop(body or tiff(scene(*SIZE, 3)), "invert()")
    for _ in range(3):
        (message,) = fleet.system.units.receive(1)
        fleet.turn(message, fleet.workshops[0])
    return fleet, job


def first_made(fleet: Fleet, tiles: TilesSoFar, row: Job) -> tuple[int, int, int]:
    for place in Viewer(fleet, row).places():
        try:
            tiles.tile(row, *place)
        except TileNotMadeError:
            continue
        return place
    raise AssertionError("no tile is made")


@pytest.mark.parametrize("place", BEYOND)
def test_what_lies_beyond_the_image_is_said_to(place: tuple[int, int, int]) -> None:
    fleet, job = begun(tiff(scene(1200, 900)))
    tiles = TilesSoFar(fleet.system, time.time)
    with pytest.raises(NoSuchTileError, match="There is no"):
        tiles.tile(fleet.row(job), *place)
    fleet.run()
    with pytest.raises(NoSuchTileError, match="There is no"):
        tiles.tile(fleet.row(job), *place)


def test_a_tile_costs_its_manifest_and_its_own_bytes_and_nothing_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet, job = begun()
    tiles, row = TilesSoFar(fleet.system, time.time), fleet.row(job)
    place = first_made(fleet, tiles, row)
    reads: list[str] = []
    read = fleet.system.outputs.read

    def counted(key: str, version: str | None, start: int, stop: int) -> bytes:
        reads.append(key.rsplit("/", 1)[-1].partition("-")[0])
        return read(key, version, start, stop)

    monkeypatch.setattr(fleet.system.outputs, "read", counted)
    monkeypatch.setattr(fleet.system.outputs, "list", nothing)
    fresh = TilesSoFar(fleet.system, time.time)
    fresh.seen(row)
    assert reads == ["plan"]
    fresh.tile(row, *place)
    assert reads[:2] == ["plan", "manifest"]
    assert len(reads) == 3
    fresh.tile(row, *place)
    assert len(reads) == 4


def test_a_retry_shows_nothing_of_the_epoch_before() -> None:
    fleet, job = begun()
    tiles, old = TilesSoFar(fleet.system, time.time), fleet.row(job)
    place = first_made(fleet, tiles, old)
    fleet.life.cancel(old)
    with pytest.raises(NoTilesError, match="it is CANCELLED"):
        tiles.tile(fleet.row(job), *place)
    fleet.life.retry(fleet.row(job))
    with pytest.raises(NoTilesError, match="no worker has begun"):
        tiles.seen(fleet.row(job))
    again(fleet, job)
    row = fleet.row(job)
    assert (row.state, row.epoch) == (State.RUNNING, 1)
    # what the epoch before has made still lies there
    assert any(key.split("/")[2] == "0" and "/manifest" in key for key in fleet.left())
    with pytest.raises(TileNotMadeError, match="is not there yet: unit"):
        tiles.tile(row, *place)
    assert all(level.made == 0 for level in tiles.seen(row).levels)


def again(fleet: Fleet, job: Job) -> None:
    """Claim and plan a job anew, as after a retry."""
    (ask,) = asks(event_body(job.drop), fleet.system.inputs.bucket)
    claimed = fleet.life.claim(
        ask, pipeline=job.pipeline, source_bytes=job.source_bytes, claimant=Claimant("host", "m-2", 60.0)
    ).job
    source = ObjectSource(fleet.system.inputs, job.key, job.version, job.source_bytes)
    fleet.stages.begin(claimed, plan_image(source, parse(job.pipeline), fleet.limits, 2).plan)


def test_a_job_that_ends_between_two_looks_goes_on_being_shown() -> None:
    fleet, job = begun()
    tiles, row = TilesSoFar(fleet.system, time.time), fleet.row(job)
    place = first_made(fleet, tiles, row)
    before = tiles.tile(row, *place)
    fleet.run()
    assert fleet.left() == []
    assert tiles.tile(row, *place) == before
    assert TilesSoFar(fleet.system, time.time).tile(row, *place) == before


def test_a_job_that_failed_shows_nothing_whatever_still_lies_there() -> None:
    fleet, job = begun()
    tiles, row = TilesSoFar(fleet.system, time.time), fleet.row(job)
    place = first_made(fleet, tiles, row)
    message, task = next_task(fleet)
    fleet.work.failed(message, task, NoTilesError("Whatever."))
    assert fleet.row(job).state is State.FAILED
    for seen in (row, fleet.row(job)):
        with pytest.raises(NoTilesError):
            tiles.tile(seen, *place)


def next_task(fleet: Fleet) -> tuple[Any, UnitTask]:
    (message,) = fleet.system.units.receive(1)
    task = fleet.work.consider(message)
    assert task is not None
    return message, task


def test_a_unit_that_is_committed_and_not_yet_in_the_row_is_not_shown() -> None:
    fleet = Fleet()
    job = fleet.drop(tiff(scene(*SIZE, 3)), "invert()")
    fleet.dies = lambda _task, step: step == 1
    (message,) = fleet.system.units.receive(1)
    fleet.turn(message, fleet.workshops[0])
    assert len([key for key in fleet.left() if key.endswith("/manifest")]) == 1
    tiles = TilesSoFar(fleet.system, time.time)
    assert all(level.made == 0 for level in tiles.seen(fleet.row(job)).levels)
    with pytest.raises(TileNotMadeError):
        tiles.tile(fleet.row(job), 0, 0, 0)


def test_the_result_of_an_ordinary_job_has_tiles_only_where_it_is_laid_out_in_them() -> None:
    fleet, job = begun(tiff(scene(1200, 900)))
    row = fleet.row(job)
    outputs, tiles = fleet.system.outputs, TilesSoFar(fleet.system, time.time)
    for key, body in (("results/strips.tif", written(scene(90, 80))), ("results/a.png", b"\x89PNG")):
        outputs.put(key, body, metadata={}, content_type="image/tiff")
        with pytest.raises(NoTilesError, match="its result has no tiles"):
            tiles.seen(done(row, key))
    with pytest.raises(NoTilesError, match="or is gone"):
        tiles.seen(done(row, "results/gone.tif"))
    outputs.put("results/tiled.tif", tiff(scene(300, 200)), metadata={}, content_type="image/tiff")
    (level,) = tiles.seen(done(row, "results/tiled.tif")).levels
    assert (level.grid.width, level.grid.height, level.made) == (2, 1, 2)


def done(row: Job, key: str) -> Job:
    return replace(row, state=State.DONE, stage="", result_key=key)
