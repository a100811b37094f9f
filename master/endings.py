"""What notices tell of ended jobs, with what their rows know besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.jobs.endings import Ending

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tilework.jobs.messages import Notice
    from tilework.jobs.table import JobTable


def endings(notices: Iterable[Notice], table: JobTable) -> list[Ending]:
    """An ending for each notice of one; one row is read for each."""
    return [_ending(each, table) for each in notices if each.kind == "ended"]


def _ending(notice: Notice, table: JobTable) -> Ending:
    row = table.get(notice.job)
    # the state is the notice's: the job may have been tried again since
    return Ending(
        id=notice.job,
        state=notice.facts.get("state", ""),
        bucket=row.bucket if row else "",
        key=row.key if row else "",
        version=row.version if row else "",
        result_key=row.result_key if row else "",
        code=notice.facts.get("code", ""),
    )
