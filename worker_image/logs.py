"""Logs of a worker host: readable lines on a terminal, JSON lines elsewhere, each with the job it is about."""

from __future__ import annotations

import json
import logging
import sys


class JsonLines(logging.Formatter):
    """One JSON object a record: time (seconds since the epoch), level, message, job where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        line = {"time": round(record.created, 3), "level": record.levelname, "message": record.getMessage()}
        job = getattr(record, "job", None)
        if job is not None:
            line["job"] = job
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_to_stderr() -> None:
    """Send all logs of this process to stderr, warnings of libraries included."""
    handler = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty():
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    else:
        handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("botocore", "boto3", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
