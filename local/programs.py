"""The programs of a running system: the master, the preview and the worker hosts, with all that their environment tells them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from local.ports import LOOPBACK
from local.processes import Program
from local.settings import CONTEXT, ROOT, UPLOAD_LIMIT_BYTES, LocalSettings, Places
from stacks.settings_reading import read

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPERVISOR_STOP_SECONDS: Final = 13.0
MASTER_STOP_SECONDS: Final = 3.0
"""Of the master and the preview, which end together. With the embedded AWS's seven these make 23 of the 25 seconds that an orderly end may take."""

LEASE_SECONDS: Final = 20.0
"""A killed supervisor is back within two seconds here, and what it held need not wait as long as in a fleet."""

DRAIN_SECONDS: Final = 6
"""What a supervisor has in work may go on so long at a stop; the rest of its thirteen seconds is for handing back."""

SIGN_SECONDS: Final = 2
"""Between two signs of life of a host at work, which cost a millisecond each here and no money."""

POLL_SECONDS: Final = 4
"""A supervisor's long poll: a drain waits for the last one."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Makes them from the settings, the ``base`` environment of all children, and the deployment's ``addresses``."""

    settings: LocalSettings
    base: Mapping[str, str]
    addresses: Mapping[str, str]

    def master(self, port: int, preview_port: int) -> Program:
        """The page, the API and the keeper, on loopback."""
        own = {
            "TILEWORK_HOST": LOOPBACK,
            "TILEWORK_PORT": str(port),
            "TILEWORK_PREVIEW_URL": f"http://{LOOPBACK}:{preview_port}",
            "TILEWORK_UPLOAD_LIMIT_BYTES": str(UPLOAD_LIMIT_BYTES),
            # it is the user's own, with the user's own credentials
            "TILEWORK_MAY_ERASE": "1",
        }
        return Program(
            name="master",
            command=(sys.executable, "-m", "master"),
            environment={**self._told_by_the_stack(), **self.base, **self.addresses, **own},
            directory=ROOT,
            log=self._places.logs / "master.log",
            stop_seconds=MASTER_STOP_SECONDS,
        )

    def preview(self, port: int) -> Program:
        """What shows regions and small pictures, on loopback; the master forwards to it."""
        own = {"TILEWORK_HOST": LOOPBACK, "TILEWORK_PORT": str(port)}
        return Program(
            name="preview",
            command=(sys.executable, "-m", "preview"),
            environment={**self.base, **self.addresses, **own},
            directory=ROOT,
            log=self._places.logs / "preview.log",
            stop_seconds=MASTER_STOP_SECONDS,
        )

    def hosts(self) -> list[Program]:
        """The supervisors, each of a host with a name and a folder of its own."""
        return [self._supervisor(number) for number in range(1, self.settings.supervisors + 1)]

    @property
    def _places(self) -> Places:
        return self.settings.places

    def _supervisor(self, number: int) -> Program:
        name = f"supervisor-{number}"
        ready = self._places.run / f"{name}.ready"
        own = {
            "TILEWORK_RANKS": str(self.settings.ranks),
            "TILEWORK_HOST_NAME": f"local-{number}",
            "TILEWORK_DIRECTORY": str(self._places.run / name),
            "TILEWORK_READY_FILE": str(ready),
        }
        return Program(
            name=name,
            command=(sys.executable, "-m", "worker_image.supervisor"),
            environment={**self._told_by_the_stack(), **self.base, **self.addresses, **own},
            directory=ROOT,
            log=self._places.logs / f"{name}.log",
            stop_seconds=SUPERVISOR_STOP_SECONDS,
            ready_file=ready,
        )

    def _told_by_the_stack(self) -> dict[str, str]:
        """What the stack would tell its hosts, unless the launcher's own environment tells otherwise."""
        stack = read(CONTEXT.get, self.base)
        return {
            "TILEWORK_DEFAULT_PIPELINE": stack.default_pipeline,
            "TILEWORK_LEASE_SECONDS": str(min(LEASE_SECONDS, stack.lease_seconds)),
            "TILEWORK_POLL_SECONDS": str(POLL_SECONDS),
            "TILEWORK_SIGN_SECONDS": str(SIGN_SECONDS),
            "TILEWORK_DRAIN_SECONDS": str(DRAIN_SECONDS),
        }
