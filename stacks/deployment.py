"""What a process is told about the deployment that it joins: the variables that tilework.aws.settings reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.job_table import JobTable
    from stacks.queues import Queues
    from stacks.settings import Settings
    from stacks.storage import Storage


def environment_of(
    storage: Storage, queues: Queues, job_table: JobTable, settings: Settings
) -> Mapping[str, str]:
    """Addresses and settings that workers and master share; the region is the process's own."""
    return {
        "TILEWORK_INPUT_BUCKET": storage.inputs.bucket_name,
        "TILEWORK_OUTPUT_BUCKET": storage.outputs.bucket_name,
        "TILEWORK_JOBS_QUEUE_URL": queues.jobs.queue_url,
        "TILEWORK_UNITS_QUEUE_URL": queues.units.queue_url,
        "TILEWORK_RESULTS_QUEUE_URL": queues.results.queue_url,
        "TILEWORK_DEAD_LETTER_QUEUE_URL": queues.dead_letters.queue_url,
        "TILEWORK_JOB_TABLE": job_table.table.table_name,
        "TILEWORK_DEFAULT_PIPELINE": settings.default_pipeline,
    }
