"""What a process is told about the deployment that it joins: the variables that it reads at its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws

from tilework.aws.settings import Deployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.job_table import JobTable
    from stacks.queues import Queues
    from stacks.settings import Settings
    from stacks.storage import Storage


def environment_of(
    storage: Storage, queues: Queues, job_table: JobTable, settings: Settings
) -> Mapping[str, str]:
    """Addresses and settings that workers and master share."""
    deployment = Deployment(
        region=Aws.REGION,
        input_bucket=storage.inputs.bucket_name,
        output_bucket=storage.outputs.bucket_name,
        jobs_queue_url=queues.jobs.queue_url,
        units_queue_url=queues.units.queue_url,
        results_queue_url=queues.results.queue_url,
        dead_letter_queue_url=queues.dead_letters.queue_url,
        job_table=job_table.table.table_name,
        table_memory_days=settings.job_days or 0,
    )
    return {
        **deployment.to_environment(),
        "TILEWORK_DEFAULT_PIPELINE": settings.default_pipeline,
        "TILEWORK_LOG_LEVEL": settings.log_level,
        **settings.worker_limits,
    }
