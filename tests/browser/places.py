"""Every page there is, with something on it: a job of each state, a drop, a list of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.test_page import picture, store_result
from tilework.errors import DamagedImageError, TooLargeError
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.browser.conftest import Served

BATCH = "b0b0b0b0-0000-4000-8000-000000000000"


def fill(served: Served) -> dict[str, str]:
    """Make the jobs; the path of each page by what is to be seen on it."""
    version = served.system.inputs.put("in/harbour.png", picture(), metadata={}, content_type="image/png")
    done = served.claim("in/harbour.png", version=version, batch=BATCH)
    store_result(served, done)
    failed = served.claim("in/cut short.png", batch=BATCH)
    served.life.end(failed, State.FAILED, failure=DamagedImageError("The image is cut short at byte 4,096."))
    large = served.claim("in/" + "long name " * 12 + ".tif", pipeline="blur(9) | canny(100, 200) | dilate(3)")
    served.life.end(large, State.FAILED, failure=TooLargeError("It has 4,000,000,000 pixels."))
    running = served.claim("in/evening.png", pipeline="blur(31) | canny(100, 200)", batch=BATCH)
    return {
        "list": "/",
        "drop": f"/?batch={BATCH}",
        "failures": "/?state=FAILED",
        "nothing": "/?state=CANCELLED",
        "done": f"/jobs/{done.id}",
        "failed": f"/jobs/{failed.id}",
        "running": f"/jobs/{running.id}",
        "grid": "/?view=grid",
        "search": "/?search=harbour",
        "fleet": "/fleet",
        "statistics": "/statistics",
        "docs": "/docs",
        "api docs": "/api/docs",
        "no such page": "/nowhere",
        "no such job": "/jobs/nowhere",
    }
