"""Where one deployment lies: what every process that joins it reads from its environment, once, at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.environment import number
from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = {
    "region": "AWS_REGION",
    "input_bucket": "TILEWORK_INPUT_BUCKET",
    "output_bucket": "TILEWORK_OUTPUT_BUCKET",
    "jobs_queue_url": "TILEWORK_JOBS_QUEUE_URL",
    "units_queue_url": "TILEWORK_UNITS_QUEUE_URL",
    "results_queue_url": "TILEWORK_RESULTS_QUEUE_URL",
    "dead_letter_queue_url": "TILEWORK_DEAD_LETTER_QUEUE_URL",
    "job_table": "TILEWORK_JOB_TABLE",
}
"""The environment variable of each setting that must be there."""

ENDPOINT_NAME = "AWS_ENDPOINT_URL"
"""The variable that names another endpoint than AWS's own; may be missing."""

SILENCE_NAME = "TILEWORK_SILENCE_SECONDS"
"""The variable that tells how long a service may be silent; may be missing."""

MEMORY_NAME = "TILEWORK_TABLE_MEMORY_DAYS"
"""The variable that tells how long the job table remembers what has ended; may be missing. Whoever writes rows goes by it,
and whoever misses them."""

LONGEST_MEMORY = 36_500
"""Days."""

SILENCE_SECONDS = 20.0
"""Silence on the wire after which a request is tried again. S3 and DynamoDB answer within seconds when they are slow."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The addresses of one deployment; small and picklable, so that each rank can connect by itself.

    ``endpoint_url`` is None for AWS itself, else the address of what stands in for it. After ``silence_seconds`` on the
    wire a request is tried again. An ended job's row is kept for ``table_memory_days``; 0: for ever.
    """

    region: str
    input_bucket: str
    output_bucket: str
    jobs_queue_url: str
    units_queue_url: str
    results_queue_url: str
    dead_letter_queue_url: str
    job_table: str
    endpoint_url: str | None = None
    silence_seconds: float = SILENCE_SECONDS
    table_memory_days: float = 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Deployment:
        """Read the settings out of ``environ``; raise SettingsError that names every variable it misses."""
        found = {setting: environ.get(name, "").strip() for setting, name in NAMES.items()}
        found["region"] = found["region"] or environ.get("AWS_DEFAULT_REGION", "").strip()
        if missing := [NAMES[setting] for setting, value in found.items() if not value]:
            raise SettingsError(f"Not set in the environment: {', '.join(missing)}.")
        endpoint = environ.get(ENDPOINT_NAME, "").strip()
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise SettingsError(f"{ENDPOINT_NAME} is {endpoint!r}, which is no http(s) address.")
        silence = number(environ, SILENCE_NAME, SILENCE_SECONDS, 0.1, 300)
        memory = number(environ, MEMORY_NAME, 0, 0, LONGEST_MEMORY)
        return cls(**found, endpoint_url=endpoint or None, silence_seconds=silence, table_memory_days=memory)

    def to_environment(self) -> dict[str, str]:
        """Return the variables that :meth:`from_environment` reads."""
        names = NAMES | ({"endpoint_url": ENDPOINT_NAME} if self.endpoint_url else {})
        if self.silence_seconds != SILENCE_SECONDS:
            names = names | {"silence_seconds": SILENCE_NAME}
        if self.table_memory_days:
            names = names | {"table_memory_days": MEMORY_NAME}
        return {name: str(getattr(self, setting)) for setting, name in names.items()}
