"""A worker host whose world is spread over others: jobs from the queues, results into the buckets."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.hosts.lab import HERE, NETWORK, PYTHON, give
from tests.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.lab import Lab

PHOTOS = 24
PORT = 4799
ENDPOINT = f"http://{NETWORK}.1:{PORT}"


def emulator(lab: Lab) -> dict[str, str]:
    folders = {name: str(lab.shared / "emulator" / name) for name in ("STATE_DIR", "S3_DATA_DIR")}
    return {
        "BIND_HOST": f"{NETWORK}.1",
        "GATEWAY_PORT": str(PORT),
        "IOT_MTLS_ENABLED": "0",
        **folders,
    }


def photos(lab: Lab) -> Path:
    folder = lab.shared / "photos"
    folder.mkdir()
    for number in range(PHOTOS):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((50, 60), 1 + number, np.uint8))
    seen = lab.shared / "seen"
    seen.mkdir()
    give(seen)
    return folder


def test_a_worker_host_spreads_its_jobs_and_stores_each_although_a_host_dies(lab: Lab) -> None:
    photos(lab)
    seen = lab.shared / "seen"

    def at_work() -> set[str]:
        return {path.name.partition("-")[0] for path in seen.iterdir()}

    with lab.start_program(
        PYTHON, "-m", "local.mended_ministack", environment=emulator(lab), name="emulator"
    ):
        told = lab.run(PYTHON, str(HERE / "deploy_program.py"), ENDPOINT)
        joining = json.loads(told.stdout)
        settings = joining | {
            "TILEWORK_HOSTS": "a,b:2,c:2",
            "TILEWORK_RANKS": "1",
            "TILEWORK_DIRECTORY": "/tmp/worker",
            "TILEWORK_POLL_SECONDS": "1",
            "TILEWORK_LEASE_SECONDS": "5",
            "TILEWORK_EXTRA_OPERATIONS": "tests.hosts.own_operations",
        }
        with lab.start_program(PYTHON, "-m", "worker_image.supervisor", environment=settings) as worker:
            submit = ("submit", "photos/", "--pipeline", "linger", "--wait")
            with lab.start(*submit, environment=settings, name="submit") as submitting:
                wait_for(lambda: at_work() == {"a", "b", "c"})
                lab.hosts["c"].end()
                wait_for(lambda: "Host c is lost" in worker.said())
                lab.boot("c")
                wait_for(lambda: "Host c is back" in worker.said())
                (lab.shared / "enough").touch()
                assert submitting.wait() == 0, submitting.said() + worker.said()
            worker.signal(signal.SIGTERM)
            assert worker.wait() == 0, worker.said()
    assert "has drained and leaves" in worker.said()
