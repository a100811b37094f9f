"""The notice that a job has ended: what the keeper's statistics are made of."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from tilework.errors import ServiceError
from tilework.jobs.messages import Notice, notice_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.job import Job
    from tilework.jobs.system import System

log = logging.getLogger(__name__)


def tell_end(system: System, row: Job, host: str, amounts: Mapping[str, float] | None = None) -> None:
    """Tell that ``host`` wrote the end of ``row``; ``amounts`` as in a Notice."""
    facts = {"state": row.state.value, "code": row.code, "pipeline": row.pipeline, "host": host}
    told = {**(amounts or {}), "source_bytes": row.source_bytes}
    try:
        system.results.send(notice_body(Notice("ended", row.id, time.time(), facts, told)))
    except ServiceError as error:
        # losing a notice loses nothing but a moment's display
        log.info("A notice was lost: %s", error.reason, extra={"job": row.id})
