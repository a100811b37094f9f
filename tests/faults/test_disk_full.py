"""A host whose disk is full: what needs the disk says so and is tried again, all else goes on, and nothing is lost."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tifffile

from tests.faults.fault_proxy import Hold
from tests.faults.workload import Workload, assert_explained
from tests.flow.pictures import jpeg, noise
from tests.flow.running_system import ROOT
from tests.waiting import wait_for
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.faults.fault_proxy import FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem
    from tilework.jobs.job import Job

DISK_BYTES = 256 * 2**20
LEFT_BYTES = 4 * 2**20

HEIGHT, WIDTH = 2_600, 3_000
SCRATCH = {"TILEWORK_LIMIT_WORKING_SET": str(72 * 2**20)}
"""With it the picture below is beyond one rank, and rewritten by way of the disk: 23 MB of pixels, and the file."""

NEAR = 3.0
"""Mean difference of two pictures that are the same but for two times JPEG."""

PRIVATE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
"""Mounts that nobody else sees, and that are gone with the process; of anybody where the kernel lets them."""


@dataclass
class SmallDisk:
    """A disk of DISK_BYTES on ``folder``, which only the host sees that started ``within``."""

    folder: Path

    @property
    def within(self) -> list[str]:
        mount = f'mount -t tmpfs -o size={DISK_BYTES} tmpfs "$0" && exec "$@"'
        return [*PRIVATE, "sh", "-c", mount, str(self.folder)]

    def filler(self, host: WorkerHost) -> Path:
        """A file on it, as the test sees it."""
        return Path(f"/proc/{host.process.pid}/root{self.folder}/filler")

    def fill(self, host: WorkerHost, left: int = 0) -> None:
        with self.filler(host).open("wb") as file:
            room = os.statvfs(file.fileno())
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - left)

    def clear(self, host: WorkerHost) -> None:
        self.filler(host).unlink()


@pytest.fixture
def disk(tmp_path: Path) -> SmallDisk:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = SmallDisk(folder)
    try:
        subprocess.run([*made.within, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine lets nobody mount a disk: {error}")
    return made


@pytest.mark.long
def test_work_that_finds_the_disk_full_says_so_and_is_done_when_there_is_room(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], disk: SmallDisk
) -> None:
    host = new_host(within=disk.within, TILEWORK_DIRECTORY=str(disk.folder / "host"), **SCRATCH)
    picture = cv2.resize(noise(HEIGHT // 5, WIDTH // 5), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    hold = Hold()
    proxy.rule(lambda asked: asked.operation == "GET" and is_in_stages(deployed, asked.path), hold)
    job = deployed.drop("disk/scan.jpg", jpeg(picture), pipeline="invert() | blur(9)")
    wait_for(lambda: hold.reached.is_set() or over(deployed, job), what="a unit reads the source")
    assert not over(deployed, job)
    disk.fill(host, left=LEFT_BYTES)
    proxy.clear()
    wait_for(lambda: "no room left" in host.log.read_text(), what="the host says what it lacks")
    photos = Workload(deployed, "disk")
    photos.drop_photos(4)
    assert not over(deployed, job)
    disk.clear(host)
    again = deployed.drop("disk/again.jpg", jpeg(picture), pipeline="invert() | blur(9)")
    rows = deployed.ended([job, again], seconds=120)
    for row in rows.values():
        assert_explained(row)
        assert len(list(deployed.system.outputs.versions(row.result_key))) == 1
    # as where nothing failed; a result of a JPEG is only near to what one call makes
    expected = cv2.GaussianBlur(cv2.bitwise_not(picture), (9, 9), 0)
    made = [tiff_pixels(deployed.result(rows[one])) for one in (job, again)]
    np.testing.assert_array_equal(made[0], made[1])
    assert np.abs(made[0][:, :, ::-1].astype(float) - expected).mean() < NEAR
    photos.ended()
    assert host.alive


def tiff_pixels(body: bytes) -> NDArray[np.generic]:
    with tifffile.TiffFile(io.BytesIO(body)) as file:
        return file.pages[0].asarray()


def over(deployed: RunningSystem, job: str) -> Job | None:
    """The job's row, if it is over."""
    row = deployed.system.table.get(job)
    return row if row is not None and row.state.is_end else None


def is_in_stages(deployed: RunningSystem, path: str) -> bool:
    """Whether it is a unit that reads the source at ``path``, and no longer who plans it."""
    running = deployed.system.table.list(State.RUNNING)
    return any(row.stage and path.endswith(row.key) for row in running)


@pytest.mark.long
def test_a_host_whose_disk_is_full_takes_nothing_and_works_again_when_there_is_room(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], disk: SmallDisk
) -> None:
    host = new_host(within=disk.within, TILEWORK_DIRECTORY=str(disk.folder / "host"))
    disk.fill(host)
    wait_for(lambda: "nothing is taken until there is room" in host.log.read_text(), what="the host says so")
    mpiexec = host.mpiexec()
    assert mpiexec is not None
    # nor can it start another
    mpiexec.kill()
    photos = Workload(deployed, "full")
    photos.drop_photos(4)
    wait_for(lambda: deployed.system.jobs.backlog().visible == 4, what="nobody takes them")
    disk.clear(host)
    photos.ended()
    assert host.alive


START_A_WORLD = """
import os, sys
from pathlib import Path
from tilework.errors import SetupError
from tilework.world import World

folder = Path(sys.argv[1])
with (folder / "filler").open("wb") as file:
    room = os.statvfs(folder)
    os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
try:
    World.start(ranks=1, directory=folder / "world")
except SetupError as error:
    print(error.reason)
"""


def test_a_world_that_finds_no_room_says_so(disk: SmallDisk) -> None:
    command = [*disk.within, sys.executable, "-c", START_A_WORLD, str(disk.folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert "No space left on device" in told.stdout
