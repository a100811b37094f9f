"""A host looks before it starts: what is wrong ends it with a sentence and a status of its own, what may pass is awaited."""

from __future__ import annotations

import fcntl
import logging
import time
from typing import IO, TYPE_CHECKING

from tilework.checks.check import Finding, Health, find
from tilework.errors import SettingsError, TileworkError
from worker_image.endings import back_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tilework.checks.check import Check

log = logging.getLogger(__name__)


class CannotStartError(TileworkError):
    """The host cannot start; ``status`` is what it exits with."""

    code = "cannot_start"

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"This host cannot start: {finding.sentence}", advice=finding.advice)
        self.status = finding.status


def make_sure(
    checks: Iterable[Check], patience: float, *, sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:  # fmt: skip
    """Go through ``checks``, waiting for those that may pass up to ``patience`` seconds in all. Raises CannotStartError."""
    end = clock() + patience
    for check in checks:
        tries = 0
        while (finding := find(check)).health is not Health.FINE:
            tries += 1
            pause = back_off(tries)
            if finding.health is Health.WRONG or clock() + pause > end:
                raise CannotStartError(finding)
            log.warning("Not ready to start, looking again in %.0f s: %s", pause, finding.sentence)
            sleep(pause)
        log.info("%s", finding.sentence)


def take_folder(directory: Path) -> IO[str]:
    """Make ``directory`` this supervisor's own, until it is closed or this process ends. Raises SettingsError.

    Two in one would write over each other's leases.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "supervisor.lock").open("w")
    except OSError as error:
        raise SettingsError(f"TILEWORK_DIRECTORY: {directory} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SettingsError(
            f"TILEWORK_DIRECTORY: Another supervisor works in {directory}.",
            advice="Give each supervisor a folder of its own by TILEWORK_DIRECTORY.",
        ) from None
    return lock
