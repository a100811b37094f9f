"""A picture that a job names is the same for all its units, whatever becomes of its object meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.fleet.test_large_images import photo, tiff
from tests.fleet.whole_fleet import Fleet
from tests.imaging.cog_readers import seen_by_tifffile
from tests.imaging.samples import noise, picture, png
from tilework.errors import PictureError
from tilework.fleet.pictures import KEPT_BYTES, Gallery
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.limits import KIB, Limits
from tilework.imaging.pictures import HeldPicture
from tilework.imaging.pipeline import parse
from tilework.jobs.in_memory.store import MemoryStore
from tilework.jobs.job import State
from tilework.jobs.messages import asks
from tilework.jobs.object_keys import picture_key
from tilework.jobs.pictures import PictureVersion, pictures_text

if TYPE_CHECKING:
    from tilework.imaging.pipeline import Pipeline
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask

PIPELINE = "overlay(logo, tile, 31, 0.5) | blur(5)"
LOGOS = [noise(200, 150, 4, seed=seed) for seed in (1, 2)]


def put(store: ObjectStore, array: np.ndarray, name: str = "logo") -> PictureVersion:
    body = png(array)
    return PictureVersion(
        store.put(picture_key(name), body, metadata={}, content_type="image/png"), len(body)
    )


def put_in_place(fleet: Fleet, array: np.ndarray) -> PictureVersion:
    """With its event, which tells no job."""
    version = put(fleet.system.inputs, array)
    (message,) = fleet.system.jobs.receive(1)
    assert asks(message.body, fleet.system.inputs.bucket) == []
    fleet.system.jobs.delete([message])
    return version


def expected(array: np.ndarray, logo: np.ndarray) -> np.ndarray:
    """Red first, as the TIFF is."""
    image = Picture(np.ascontiguousarray(array[:, :, ::-1]))
    shown = parse(PIPELINE).seeing({"logo": HeldPicture(picture(logo))})
    return run_whole(image, shown).colour[:, :, ::-1]


def test_all_units_lay_on_the_version_that_the_claim_has_found() -> None:
    fleet, array = Fleet(ranks=3), photo(1000, 1300)
    first = put_in_place(fleet, LOGOS[0])

    def replace_it(task: UnitTask) -> None:
        if task.unit.number == 2:
            put_in_place(fleet, LOGOS[1])

    fleet.before = replace_it
    job = fleet.drop(tiff(array), PIPELINE)
    fleet.run()
    assert fleet.row(job).state is State.DONE, fleet.row(job).reason
    assert len(list(fleet.system.inputs.versions(picture_key("logo")))) > 1
    np.testing.assert_array_equal(seen_by_tifffile(fleet.result(job))[0], expected(array, LOGOS[0]))
    assert fleet.info(job).metadata["pictures"] == f"logo={first.version}"
    fleet.before = lambda _: None
    again = fleet.drop(tiff(array), PIPELINE, "again.tif")
    fleet.run()
    np.testing.assert_array_equal(seen_by_tifffile(fleet.result(again))[0], expected(array, LOGOS[1]))


def test_a_version_that_is_gone_fails_the_job_with_a_sentence() -> None:
    fleet = Fleet()
    found = put_in_place(fleet, LOGOS[0])
    job = fleet.drop(tiff(photo(700, 900)), PIPELINE)
    fleet.system.inputs.delete(picture_key("logo"), found.version)
    fleet.run()
    row = fleet.row(job)
    assert (row.state, row.code) == (State.FAILED, "bad_picture")
    assert "that the job began with is gone" in row.reason


class Counting(MemoryStore):
    """Counts what is read."""

    def __init__(self) -> None:
        super().__init__("in")
        self.reads = 0

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        self.reads += 1
        return super().read(key, version, start, stop)


def colours(pipeline: Pipeline) -> list[np.ndarray]:
    return [each.load()[0] for step in pipeline.steps for each in step.pictures.values()]


def test_a_rank_reads_a_version_once_and_another_version_anew() -> None:
    store = Counting()
    gallery, pipeline = Gallery(store, Limits()), parse("overlay(logo)")
    texts = [pictures_text({"logo": put(store, logo)}) for logo in LOGOS]
    for _ in range(3):
        for text, logo in zip(texts, LOGOS, strict=True):
            assert np.array_equal(colours(gallery.show(pipeline, text))[0], logo[..., :3])
    assert store.reads == 2


def test_large_pictures_are_let_go_of_when_other_work_needs_the_memory() -> None:
    store = Counting()
    gallery = Gallery(store, Limits())
    blank = np.zeros((2_000, 2_000, 3), np.uint8)
    assert blank.nbytes > KEPT_BYTES
    large, small = (
        pictures_text({"a": put(store, blank, "a")}),
        pictures_text({"b": put(store, LOGOS[0], "b")}),
    )
    gallery.show(parse("overlay(b)"), small)
    gallery.show(parse("overlay(a)"), large)
    gallery.show(parse("overlay(a)"), large)
    assert store.reads == 2
    gallery.show(parse("blur(3)"), "")
    gallery.show(parse("overlay(a)"), large)
    assert store.reads == 3


def test_one_that_is_no_picture_is_told_and_so_is_one_that_the_job_was_not_given() -> None:
    store = Counting()
    version = store.put(picture_key("logo"), b"no image", metadata={}, content_type="image/png")
    with pytest.raises(PictureError, match="'logo' cannot be used"):
        Gallery(store, Limits()).show(
            parse("overlay(logo)"), pictures_text({"logo": PictureVersion(version, 8)})
        )
    with pytest.raises(PictureError, match="'logo', and its job began without one"):
        Gallery(store, Limits()).show(parse("overlay(logo)"), "")


def test_one_beyond_the_limit_is_not_even_read() -> None:
    store = Counting()
    frozen = pictures_text({"logo": put(store, LOGOS[0])})
    with pytest.raises(PictureError, match="limit: picture_bytes"):
        Gallery(store, Limits(picture_bytes=KIB)).show(parse("overlay(logo)"), frozen)
    assert store.reads == 0
