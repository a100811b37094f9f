"""A host's metrics, once a minute, as lines of its log that CloudWatch makes metrics of (embedded metric format).

One line a minute sums up all that the host did: a line a job would cost as much as the job's other lines together, and a
metric needs no more. The only dimension that every metric has is the deployment: CloudWatch bills each combination of name
and dimensions by the hour, so hosts are told apart by a property of the line (``host``), which costs nothing and is found
by a query. Where nobody named the deployment, a minute with ends in it is one ordinary log line.

Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from worker_image.tally import Sums, Tally

log = logging.getLogger(__name__)

NAMESPACE = "Tilework"

DEPLOYMENT = "Deployment"
"""The dimension of every metric: whose it is."""

CODE = "Code"
"""The second dimension of what failed: why."""

MINUTE = 60.0
"""Seconds between two lines: CloudWatch's own resolution."""

WORLD_RESTART = "world restart"
LEASE_LOSS = "lease loss"
INTAKE_PAUSE = "intake pause"
"""Events of the tally."""


@dataclass(frozen=True, slots=True)
class HeldCount:
    """How many jobs and units the host holds just now."""

    jobs: int
    units: int


Reading: TypeAlias = "Callable[[Sums, HeldCount], float]"


@dataclass(frozen=True, slots=True)
class Metric:
    """One that is told each minute; ``unit`` is one of CloudWatch's, ``read`` takes it from a minute's sums."""

    name: str
    unit: str
    meaning: str
    read: Reading


def _phase(*phases: str) -> Reading:
    return lambda sums, _: round(sum(sums.seconds[phase] for phase in phases), 4)


METRICS = (
    Metric("Done", "Count", "jobs whose results were stored", lambda sums, _: sums.ends["DONE"]),
    Metric("Failed", "Count", "jobs that ended FAILED; also by `Code`", lambda sums, _: sums.ends["FAILED"]),
    Metric("Skipped", "Count", "jobs that ended SKIPPED", lambda sums, _: sums.ends["SKIPPED"]),
    Metric(
        "Megapixels", "None", "of the images that are done", lambda sums, _: sums.pixels["DONE"] / 1_000_000
    ),
    Metric("SecondsRead", "Seconds", "of ranks that fetched bytes", _phase("read")),
    Metric("SecondsDecode", "Seconds", "of ranks that decoded", _phase("decode")),
    Metric(
        "SecondsKernels",
        "Seconds",
        "of ranks that ran operations and made overviews",
        _phase("kernels", "halve"),
    ),
    Metric("SecondsEncode", "Seconds", "of ranks that encoded", _phase("encode")),
    Metric(
        "SecondsStore",
        "Seconds",
        "of ranks that stored results, or what units leave for each other",
        _phase("store", "scratch", "assemble"),
    ),
    Metric(
        "WorldRestarts",
        "Count",
        "MPI worlds that were started after one had died",
        lambda sums, _: sums.events[WORLD_RESTART],
    ),
    Metric(
        "LeaseLosses",
        "Count",
        "attempts that were given up because their lease had ended",
        lambda sums, _: sums.events[LEASE_LOSS],
    ),
    Metric(
        "IntakePauses",
        "Count",
        "looks at a queue that failed and were put off",
        lambda sums, _: sums.events[INTAKE_PAUSE],
    ),
    Metric(
        "JobsHeld", "Count", "jobs that the host holds at the end of the minute", lambda _, held: held.jobs
    ),
    Metric("UnitsHeld", "Count", "units that it holds then", lambda _, held: held.units),
)


def documents(sums: Sums, held: HeldCount, *, deployment: str, host: str, now: float) -> list[dict[str, Any]]:
    """A minute as documents in the embedded metric format: one for all metrics, one a code of what failed.

    ``now`` in seconds since the epoch.
    """
    values = {metric.name: metric.read(sums, held) for metric in METRICS}
    units = {metric.name: metric.unit for metric in METRICS}
    told = {DEPLOYMENT: deployment, "host": host}
    found = [_document({**told, **values}, [DEPLOYMENT], units, now)]
    for code, count in sorted(sums.failures.items()):
        facts = {**told, CODE: code, "Failed": count}
        found.append(_document(facts, [DEPLOYMENT, CODE], {"Failed": "Count"}, now))
    return found


def _document(
    members: Mapping[str, Any], dimensions: list[str], units: Mapping[str, str], now: float
) -> dict[str, Any]:
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [dimensions],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }
    return {"_aws": {"Timestamp": round(now * 1000), "CloudWatchMetrics": [directive]}, **members}


def sentence(sums: Sums) -> str:
    """A minute for people; empty where nothing has ended."""
    if not sums.ends:
        return ""
    ends = ", ".join(f"{count} {state}" for state, count in sorted(sums.ends.items()))
    return f"In the last minute: {ends}; {sums.pixels['DONE'] / 1e6:,.1f} megapixels."


def rendered() -> str:
    """The metrics as a table of the docs."""
    lines = ["| metric | unit | meaning |", "|---|---|---|"]
    lines += [f"| `{metric.name}` | {metric.unit} | {metric.meaning} |" for metric in METRICS]
    return "\n".join(lines) + "\n"


class Meter:
    """A thread that tells each minute what ``tally`` has counted and what the host holds, and at the end the rest."""

    def __init__(
        self,
        tally: Tally,
        held: Callable[[], HeldCount],
        *,
        deployment: str,
        host: str,
        minute: float = MINUTE,
    ) -> None:
        self._tally = tally
        self._held = held
        self._deployment = deployment
        self._host = host
        self._minute = minute
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Tell the rest, and be done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._minute):
            self._tell()
        self._tell()

    def _tell(self) -> None:
        sums = self._tally.take()
        if self._deployment:
            for each in documents(
                sums, self._held(), deployment=self._deployment, host=self._host, now=time.time()
            ):
                # who hears nothing cannot be told that
                with contextlib.suppress(OSError):
                    os.write(2, f"{json.dumps(each)}\n".encode())
        elif told := sentence(sums):
            log.info("%s", told)
