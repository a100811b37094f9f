"""The look at the queues that Lambda takes each minute; apart from the application, which it does not need."""

from __future__ import annotations

import functools
import logging
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from master.settings import MasterSettings
from master.waker import Waker, waker_of
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.errors import AccessDeniedError, SettingsError, TileworkError
from tilework.logs import LogSettings, log_to_stderr

if TYPE_CHECKING:
    from master.fleet_steps import Step

log = logging.getLogger(__name__)

PASSING_FAILURES: Final = 14
"""Looks in a row, a minute apart, that may fail before one is an error that wakes a person: a quarter of an hour, as of work
without progress. Auto Scaling refuses now and then, and the next look comes by itself."""


@dataclass(slots=True)
class Looks:
    """Those of one process; ``failed`` are the last ones, in a row."""

    waker: Waker
    failed: int = 0

    def take(self) -> Step | None:
        """Look; None where that failed and may pass. Raises SettingsError and AccessDeniedError, which do not, and what lasts."""
        try:
            step = self.waker.look()
        except (SettingsError, AccessDeniedError):
            raise
        except TileworkError as error:
            self.failed += 1
            if self.failed > PASSING_FAILURES:
                raise
            log.warning("A look at the fleet failed, and the next one comes in a minute: %s", error.reason)
            return None
        self.failed = 0
        return step


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:  # noqa: ARG001 - Lambda's signature
    """Wake the fleet, send it to sleep, or leave it as it is."""
    step = _looks().take()
    return None if step is None else asdict(step)


@functools.cache
def _looks() -> Looks:
    """Once for as long as Lambda keeps this process."""
    log_to_stderr("waker", LogSettings.from_environment(os.environ))
    settings = MasterSettings.from_environment(os.environ)
    deployment = Deployment.from_environment(os.environ)
    waker = waker_of(settings, deployment, connect(deployment))
    if waker is None:
        raise SettingsError("TILEWORK_FLEET_GROUP is not set: there is no fleet to wake.")
    return Looks(waker)
