"""All that the preview keeps of images is in one budget."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from preview.files import Files
from preview.image_library import Address, Library
from preview.memory import Memory
from preview.opened import Opened
from preview.region import render
from preview.settings import PreviewSettings
from tests.preview.looking import with_overviews
from tests.preview.pictures import noise, png
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import BytesSource
from tilework.imaging.windows import Window

if TYPE_CHECKING:
    from tests.preview.conftest import World

IMAGE = 300 * 200 * 3
PLACE = Window(0, 0, 64, 64)


@dataclass
class Thing:
    bytes: int


def test_what_was_asked_for_last_stays_as_far_as_there_is_room() -> None:
    memory = Memory(room=10, most=64)
    for key in "abc":
        memory.take(key, lambda: Thing(5))
    assert [memory.get(key) is not None for key in "abc"] == [False, True, True]
    memory.get("b")
    memory.put("d", Thing(1))
    assert [memory.get(key) is not None for key in "bcd"] == [True, False, True]


def test_what_has_grown_is_counted_as_it_is_now() -> None:
    memory, small = Memory(room=10, most=64), Thing(1)
    memory.put("a", Thing(5))
    memory.put("b", small)
    small.bytes = 6
    memory.trim()
    assert (memory.get("a"), memory.get("b")) == (None, small)


def test_the_last_one_stays_however_large_and_no_more_than_so_many_however_small() -> None:
    memory = Memory(room=10, most=2)
    for key in "abc":
        memory.put(key, Thing(0))
    assert memory.get("a") is None
    memory.put("d", Thing(11))
    assert (memory.get("d"), memory.bytes) == (Thing(11), 11)


def test_after_a_failure_the_next_one_makes_it_alone() -> None:
    memory, entered, go = Memory(room=10, most=64), threading.Event(), threading.Event()
    made: list[int] = []

    def fail() -> Thing:
        entered.set()
        go.wait(20)
        raise ValueError("no image")

    def make() -> Thing:
        made.append(1)
        return Thing(1)

    def failing() -> None:
        with pytest.raises(ValueError, match="no image"):
            memory.take("a", fail)

    threads = [threading.Thread(target=failing)]
    threads += [threading.Thread(target=lambda: memory.take("a", make)) for _ in range(4)]
    threads[0].start()
    assert entered.wait(20)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_files_and_images_and_what_is_made_of_them_share_the_room(world: World) -> None:
    settings = PreviewSettings(cache_bytes=5 * IMAGE, image_bytes=2 * IMAGE)
    memory = Memory(settings.cache_bytes, 64)
    library, files = Library(world.system, settings, memory), Files(memory, settings)
    for seed in range(4):
        body = png(noise(300, 200, seed=seed))
        job = world.job(body, f"{seed}.png")
        sent = files.open("", hashlib.sha256(body).hexdigest(), body, None)
        stored = library.open(Address("input", job.key, job.version))
        for size in (3, 5, 7):
            for image in (sent, stored.opened):
                render(image, parse(f"blur({size}) | equalize()"), PLACE)
        stored.zoomed()
        memory.trim()
        assert memory.bytes <= settings.cache_bytes


def test_what_is_made_of_an_image_takes_no_more_than_the_image_may() -> None:
    image = Opened(BytesSource(png(noise(300, 200))), Limits(), image_bytes=2 * IMAGE)
    for size in (3, 5, 7, 9):
        render(image, parse(f"blur({size}) | equalize()"), PLACE)
        assert image.bytes <= IMAGE + image.image_bytes


def test_a_step_that_makes_more_bytes_than_that_is_told_what_a_sample_says() -> None:
    image = Opened(BytesSource(png(noise(300, 200))), Limits(), image_bytes=2 * IMAGE)
    assert render(image, parse("blur(3) | equalize()"), PLACE).approximate == ()
    assert render(image, parse("resize(900, 600) | equalize()"), PLACE).approximate == ("sample",)


def test_the_tiles_of_overviews_are_counted(world: World) -> None:
    settings = PreviewSettings()
    job = world.job(with_overviews(noise(1200, 900)), "a.tif")
    kept = Library(world.system, settings, Memory(settings.cache_bytes, 64)).open(
        Address("input", job.key, job.version)
    )
    before = kept.bytes
    kept.zoomed()
    assert kept.bytes - before == sum(w * h * 3 for w, h in ((600, 450), (300, 225), (150, 113)))
