"""A worker host that has the credentials of the deployed worker role, and no others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from local.processes import Child, Program, stop
from local.settings import ROOT
from local.surroundings import of_clients

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.progress import Step
    from tests.rehearsal.stage import Stage

READY_SECONDS: Final = 90.0

OWN: Final = {
    "TILEWORK_RANKS": "2",
    "TILEWORK_HOST_NAME": "rehearsal",
    # a drain waits for the last long poll
    "TILEWORK_POLL_SECONDS": "2",
    "TILEWORK_DRAIN_SECONDS": "6",
    "TILEWORK_LEASE_SECONDS": "30",
}


class Host:
    """A real supervisor with its MPI world, on ``stage``; ``credentials`` as boto3 names them."""

    def __init__(self, stage: Stage, credentials: Mapping[str, str]) -> None:
        ready = stage.places.run / "host.ready"
        addresses = {**of_clients(stage.endpoint), **stage.deployment.to_environment()}
        role = {name.upper(): value for name, value in credentials.items()}
        places = {"TILEWORK_DIRECTORY": str(stage.places.run / "host"), "TILEWORK_READY_FILE": str(ready)}
        command = (sys.executable, "-m", "worker_image.supervisor")
        variables = {**stage.environment, **addresses, **role, **places, **OWN}
        log = stage.places.logs / "host.log"
        self._child = Child(Program("host", command, variables, ROOT, log, 20.0, ready))

    def wait(self, step: Step) -> None:
        """Until it takes work; AssertionError where it does not."""
        program = self._child.program
        step.wait(lambda: self._child.is_ready() or self._child.status is not None, READY_SECONDS)
        assert self._child.is_ready(), program.log.read_text()[-3000:]

    def refusals(self) -> list[str]:
        """What it was refused, by its own log."""
        lines = self._child.program.log.read_text(errors="replace").splitlines()
        return [line[:400] for line in lines if "not authorized" in line or "AccessDenied" in line]

    def stop(self) -> None:
        """Drain it; what had to be killed did not end in order."""
        assert stop([self._child]) == [], self._child.program.log.read_text()[-3000:]
