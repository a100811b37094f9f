"""``tilework backfill``: jobs for images that lie in the input bucket without one."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from tilework.cli import consoles, statuses
from tilework.cli.interrupts import Interrupts
from tilework.cli.joining import join_from_here
from tilework.jobs.life import JobLife
from tilework.jobs.unheard import Backfill

if TYPE_CHECKING:
    from tilework.jobs.unheard import Backfilled


def run(prefix: str, *, every_version: bool, dry: bool, json: bool) -> int:
    """Look through all keys that begin with ``prefix``; Ctrl-C ends it after a few more."""
    system = join_from_here()
    wanted = Backfill(prefix, every_version=every_version, only_look=dry)
    with Interrupts() as interrupts:
        found = wanted.run(system, JobLife(system.table, time.time), lambda _: not interrupts.asked)
    if json:
        consoles.print_json(asdict(found))
    else:
        consoles.output().print(_sentence(found, dry=dry))
    return statuses.INTERRUPTED if found.after else statuses.ALL_DONE


def _sentence(found: Backfilled, *, dry: bool) -> str:
    done = "have no job yet" if dry else "were queued"
    return f"{found.seen:,} images looked at; {found.queued:,} of them {done}."
