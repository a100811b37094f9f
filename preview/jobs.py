"""The rows of jobs, as far as the caller may see their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preview.problems import no_such_job
from tilework.service.identity import who_asks
from tilework.sign_in import may_see

if TYPE_CHECKING:
    from starlette.requests import Request

    from tilework.jobs.job import Job
    from tilework.jobs.system import System


def row_for(request: Request, system: System, job_id: str) -> Job:
    """The row of a job. Raises ProblemError, the same where there is none and where it is another's."""
    row = system.table.get(job_id)
    if row is None or not may_see(row, who_asks(request)):
        raise no_such_job(job_id)
    return row
