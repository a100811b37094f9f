"""``tilework erase``: an image with all its versions, results and rows."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.cli.statuses import UsageError
from tilework.errors import StillWorkedOnError, VersionGoneError
from tilework.jobs.erasure import erase
from tilework.jobs.life import JobLife
from tilework.shown import shown

if TYPE_CHECKING:
    from tilework.jobs.erasure import Erased
    from tilework.jobs.system import System


def run(key: str, *, yes: bool, json: bool) -> int:
    """Erase the image ``key``, after asking whoever sits at a terminal."""
    system = join_from_here()
    if not yes and not _agreed(key):
        raise UsageError("Nothing was erased.", advice="Give --yes to erase without being asked.")
    try:
        erased = _erased(system, key)
    except VersionGoneError as error:
        raise UsageError(error.reason, advice="See `tilework jobs` for the keys there are.") from error
    if json:
        consoles.print_json(asdict(erased))
    else:
        consoles.output().print(
            f"Erased {shown(key)}: {erased.versions} versions, {erased.results} results, {erased.rows} jobs.",
            soft_wrap=True,
        )
    return statuses.ALL_DONE


def _agreed(key: str) -> bool:
    if not sys.stdin.isatty():
        return False
    consoles.talk().print(f"Erase {shown(key)} with all its versions, results and jobs? [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _erased(system: System, key: str) -> Erased:
    while True:
        try:
            return erase(system, JobLife(system.table, time.time), key)
        except StillWorkedOnError as error:
            consoles.talk().print(error.reason)
            time.sleep(error.seconds)
