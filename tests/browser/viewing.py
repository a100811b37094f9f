"""The page with a preview behind it, and images to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from master.settings import MasterSettings
from tests.browser.conftest import Served
from tests.fleet.whole_fleet import Fleet
from tests.imaging.samples import decoded
from tests.preview.looking import tiled
from tilework.jobs.transitions import Outcome

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tilework.imaging.operations.contract import Image
    from tilework.jobs.job import Job


def worked_on(
    served: Served, body: bytes, result: bytes, *, name: str = "a.png", pipeline: str = "blur(9)"
) -> Job:
    """A job that is done: its image, and its result of the same kind of file."""
    suffix = name.rpartition(".")[2]
    version = served.system.inputs.put(f"in/{name}", body, metadata={}, content_type=f"image/{suffix}")
    job = served.claim(f"in/{name}", version=version, pipeline=pipeline)
    key = f"results/{job.id}.{suffix}"
    served.system.outputs.create(key, result, metadata={}, content_type=f"image/{suffix}")
    return served.life.done(job, Outcome(result_key=key, seconds=0.1))


def dropped(photo: Image) -> tuple[Fleet, Job, Served]:
    """A job that waits for its fleet, and the page of its system, which is served."""
    fleet = Fleet()
    job = fleet.drop(tiled(photo), "invert()")
    served = Served(fleet.system, MasterSettings())
    served.start()
    return fleet, job, served


def mode(page: Page, name: str) -> Locator:
    return page.locator(f'input[name="viewer-mode"][value="{name}"]')


SIDES = ("input", "result")


def _pane(side: str) -> str:
    return f"[data-pane={side}]"


# reading a canvas of the page itself makes the browser warn
COPIED = """place => {
    const canvas = document.querySelector(`${place} canvas`);
    if (!canvas?.width) return null;
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    return context.getImageData(0, 0, copy.width, copy.height);
}"""


def drawn(page: Page, side: str) -> None:
    """Wait until the middle of a side's canvas has been drawn."""
    script = f"""place => {{
        const found = ({COPIED})(place);
        return found?.data[4 * ((found.height >> 1) * found.width + (found.width >> 1)) + 3] === 255;
    }}"""
    page.wait_for_function(script, arg=_pane(side), timeout=30_000)


def count_drawn(page: Page, place: str) -> int:
    """How many pixels of the canvas at a place are drawn at all: of a side, or what a selector names."""
    script = f"place => ({COPIED})(place)?.data.reduce((sum, each, place) => sum + (place % 4 === 3 && each === 255), 0) ?? 0"
    return int(page.evaluate(script, _pane(place) if place in SIDES else place))


def pixels_of(page: Page, part: str = ".stage") -> Image:
    """The stage, or a part of it, as it is seen, as blue, green, red."""
    return decoded(page.locator(part).screenshot())[:, :, :3]


def middle_of(array: Image, share: float = 0.3) -> Image:
    """The middle of a picture, where no name and no scale lies."""
    height, width = array.shape[:2]
    down, across = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    return np.ascontiguousarray(array[down : height - down, across : width - across])


def hide(page: Page, *, hidden: bool) -> None:
    """Let somebody leave the tab, or come back to it."""
    page.evaluate(
        """(value) => {
            Object.defineProperty(document, "hidden", { value, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
