"""The notice that a job has ended: what the keeper's statistics are made of."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from tilework.jobs.messages import Notice, notice_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.job import Job
    from worker_image.outbox import Outbox

log = logging.getLogger(__name__)


def tell_end(outbox: Outbox, row: Job, host: str, amounts: Mapping[str, float] | None = None) -> None:
    """Tell that ``host`` wrote the end of ``row``; ``amounts`` as in a Notice."""
    facts = {"state": row.state.value, "code": row.code, "pipeline": row.pipeline, "host": host}
    told = {**(amounts or {}), "source_bytes": row.source_bytes}
    notice = Notice("ended", row.id, time.time(), facts, told)
    outbox.tally.ended(notice)
    outbox.tell(notice_body(notice))
    log.info("%s", _told(row), extra={"job": row.id})


def _told(row: Job) -> str:
    """The end of a job in a line."""
    if row.code:
        return f"{row.state} ({row.code}): {row.reason}"
    return f"{row.state} after {row.seconds:.3g} s of work: {row.result_key}"
