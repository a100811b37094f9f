"""The main views, each as it is while a person uses it; in this order, for what one has done is seen in the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.devices import DARK, DESKTOP, PHONE
from tests.browser.stories.person import SOON, Person
from tests.screenshots.scenes import cut_short, photograph, series, write_marble
from tests.waiting import wait_for
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, FilePayload

    from tests.flow.running_system import RunningSystem

LONG = 600_000
"""Milliseconds for a gigapixel on a small machine."""

SETTLED = 2500
"""Milliseconds for pictures that come when they are seen; the page asks now and then, so that its line is never idle."""

SCAN = "blur(9) | posterize(4)"
"""What is seen in an overview as well as at full size."""

TILES = 20_000
"""Milliseconds for all tiles of a view of a gigapixel on a small machine."""

BATCH = 48
HEAVY = "bilateral(9, 60, 60) | clahe() | sharpen()"


@dataclass
class Studio:
    """The system and a browser before it; ``pixels`` is the size of the large image."""

    running: RunningSystem
    browser: Browser
    folder: Path
    pixels: int

    def person(self, path: str = "/", **device: Any) -> Person:
        context = self.browser.new_context(**{**DESKTOP, "device_scale_factor": 2, **device})
        context.set_default_timeout(SOON)
        window = Window(context)
        return Person(window, window.open(self.running.environment["TILEWORK_URL"] + path))

    def until(self, path: str, state: str, count: int) -> None:
        """Wait until so many images of the drop that is shown at ``path`` are in ``state``."""
        (batch,) = parse_qs(urlsplit(path).query)["batch"]
        table = self.running.system.table
        wait_for(lambda: sum(1 for _ in table.list(State(state), batch=batch)) >= count, LONG / 1000)

    def take(self, person: Person, place: str = "body") -> bytes:
        """What is to be seen of ``place`` now, and the end of that person."""
        person.page.locator(place).evaluate("(place) => place.scrollIntoView()")
        person.page.wait_for_timeout(SETTLED)
        picture = person.page.screenshot(animations="disabled", caret="hide")
        person.window.context.close()
        return picture


def file(name: str, body: bytes, kind: str = "image/jpeg") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": body}


def empty(studio: Studio) -> bytes:
    return studio.take(studio.person())


def first_drop(studio: Studio) -> bytes:
    person = studio.person()
    person.takes("blur(5) | canny(50, 150)")
    names = ("coffee.png", "astronaut.png", "chelsea.png", "rocket.jpg")
    person.chooses(*(file(name, photograph(name)) for name in names))
    for name in names:
        person.sees(name, "done")
    # the drop is followed by looks of its own
    expect(person.page.locator("#uploads .upload")).to_have_count(0, timeout=SOON)
    return studio.take(person, "#transfers")


def batch(studio: Studio) -> bytes:
    person = studio.person()
    person.takes(HEAVY)
    person.chooses(*(file(name, body) for name, body in series(BATCH)))
    path = person.drop_path
    studio.until(path, "DONE", BATCH // 3)
    return studio.take(studio.person(path), "#jobs-section")


def failures(studio: Studio) -> bytes:
    person = studio.person()
    damaged = [file(f"card 2 {name}", cut_short(body)) for name, body in series(5)]
    texts = [file(f"{name}.jpg", b"Dear diary, this is no image.") for name in ("diary", "notes")]
    person.chooses(*damaged, *texts, file("empty.png", b""))
    path = person.drop_path
    studio.until(path, "FAILED", len(damaged) + len(texts) + 1)
    return studio.take(studio.person(path.replace("/?", "/failures?")))


def gigapixel(studio: Studio) -> bytes:
    height = int((studio.pixels / 1.6) ** 0.5)
    path = studio.folder / "marble.tif"
    write_marble(path, int(height * 1.6), height)
    job = studio.running.drop("scans/marble.tif", path.read_bytes(), pipeline=SCAN)
    studio.running.ended([job], LONG / 1000)
    person = studio.person(f"/jobs/{job}")
    # of the scan itself there are no overviews: it is read once before it is compared
    person.page.locator("[data-viewer=live][data-mode=slider]").wait_for(timeout=LONG)
    person.page.get_by_role("button", name="Zoom in").click(click_count=2, delay=200)
    person.page.wait_for_timeout(TILES)
    return studio.take(person)


def compare(studio: Studio) -> bytes:
    person = studio.person()
    person.opens("coffee.png")
    person.sees_pictures_of(600, 400)
    return studio.take(person)


def phone(studio: Studio) -> bytes:
    person = studio.person(**PHONE)
    person.opens("coffee.png")
    person.sees_pictures_of(600, 400)
    return studio.take(person)


def dark(studio: Studio) -> bytes:
    # so many small pictures would weigh too much at twice the pixels
    return studio.take(studio.person("/?view=grid", **{**DARK, "device_scale_factor": 1.5}), "#jobs-section")


VIEWS: dict[str, Callable[[Studio], bytes]] = {
    "empty": empty,
    "first-drop": first_drop,
    # of the first drop's images, as long as they are among the latest
    "compare": compare,
    "phone": phone,
    "batch": batch,
    "failures": failures,
    "dark": dark,
    "gigapixel": gigapixel,
}
