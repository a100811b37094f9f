"""What the model is fed with: unit times, published limits, and how Tilework is set up.

Unit times are measured by :mod:`benchmarks.fleet.measuring`, which wrote the ``times.json`` beside this file. Limits are
what AWS publishes for S3, SQS and DynamoDB. A :class:`Setup` is what Tilework has chosen, read from its own code where
it stands there; each of its fields is a lever.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilework.aws.queue import REQUESTS_AT_ONCE
from tilework.aws.rows import shelves_of
from tilework.checks.ranks import usual_ranks
from tilework.fleet.assembly import COPIED_AT_ONCE, SENT_AT_ONCE
from tilework.imaging.limits import GIB
from tilework.imaging.limits import Limits as ImageLimits
from tilework.jobs.job import State
from tilework.jobs.manifests import READ_AT_ONCE
from worker_image.desk import DESK_THREADS
from worker_image.shares import Shares, quarter

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMES = Path(__file__).with_name("times.json")
"""Unit times as they were measured last."""

CORES, MEMORY = 16, 32 * GIB
RANKS = usual_ranks(CORES, MEMORY, ImageLimits())
"""Of a host: what Tilework starts there by itself."""

PIPELINES = ("canny(100, 200), jpeg tiles", "blur(9), jpeg tiles", "blur(9), deflate tiles")
"""The pipelines that are measured, with the kind of tiles of their sources."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Core seconds, requests and bytes of a stage, a pixel of the image it works on; of reducing, a unit.

    ``input_gets`` read the source, ``work_gets`` what units before have left.
    """

    seconds: float
    input_gets: float = 0.0
    input_bytes: float = 0.0
    work_gets: float = 0.0
    work_bytes: float = 0.0
    written_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class PipelineTimes:
    """A pipeline on a source of tiles of that ``compression``; ``result_bytes`` a pixel, overviews and all."""

    text: str
    compression: str
    stages: Mapping[str, StageTimes]
    result_bytes: float

    @property
    def seconds(self) -> float:
        """Core seconds a pixel of the stages that go through all pixels."""
        return sum(each.seconds for name, each in self.stages.items() if name in {"measure", "write"})


@dataclass(frozen=True, slots=True)
class UnitTimes:
    """Seconds of one core, or of waiting where that is said; bytes.

    Measured: ``photo`` is all that a rank computes for a 12-MP JPEG, ``request`` what the client of S3 computes for one,
    ``supervisor_photo`` and ``supervisor_unit`` what a host's supervisor does for one. ``service`` is what everybody else computes on the same cores for a photo or a unit: nothing in AWS. Guessed: ``plan`` and ``assemble``, the computing of one such unit without its requests; ``table`` and
    ``queue``, round trips; ``complete_part``, what CompleteMultipartUpload takes for each part.
    """

    machine: str = ""
    date: str = ""
    photo: float = 0.0
    photo_source_bytes: float = 0.0
    photo_result_bytes: float = 0.0
    request: float = 0.0015
    supervisor_photo: float = 0.0
    supervisor_unit: float = 0.0
    service: float = 0.0
    plan: float = 0.1
    assemble: float = 0.3
    table: float = 0.005
    queue: float = 0.010
    receive: float = 0.020
    complete_part: float = 0.001
    pipelines: Mapping[str, PipelineTimes] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path = TIMES) -> UnitTimes:
        """Read ``path`` (JSON, as measuring writes it).

        Raises ValueError for a name that does not exist, OSError where the file cannot be read.
        """
        told: dict[str, Any] = json.loads(path.read_text())
        unknown = set(told) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"{path.name} names no unit times: {', '.join(sorted(unknown))}.")
        pipelines = {}
        for name, each in told.pop("pipelines", {}).items():
            stages = {stage: StageTimes(**of) for stage, of in each.pop("stages").items()}
            pipelines[name] = PipelineTimes(stages=stages, **each)
        return cls(**told, pipelines=pipelines)


@dataclass(frozen=True, slots=True)
class Limits:
    """What AWS publishes, a second where nothing else is said.

    S3: requests a prefix, bytes a connection, seconds to the first byte (the middle of 30 to 100 ms), bytes of the least
    part of an upload. DynamoDB: write units of a partition (which one item, and one part of an index by state, never
    leaves), of a table, and of an index, as an account has them without asking for more. SQS: messages of a request,
    messages in flight. EC2: bytes of a host of 16 cores in each direction, its baseline.
    """

    s3_puts: float = 3500
    s3_gets: float = 5500
    connection_bytes: float = 85e6
    first_byte: float = 0.065
    least_part_bytes: int = 5 * 2**20
    partition_writes: float = 1000
    table_writes: float = 40_000
    queue_batch: int = 10
    in_flight: int = 120_000
    host_bytes: float = 780e6


@dataclass(frozen=True, slots=True)
class Setup:
    """How Tilework is set up. The defaults are the code as it stands, on hosts of 16 cores and 32 GiB.

    ``ranks`` of a host, of which ``unit_ranks`` may be at units; ``desk_threads`` claim and end photos, as many units. ``folders`` is how many
    the drops of photos lie in, which is the user's choice; ``spread`` how many parts S3 has split the keys of units
    and of a scan into by the time. ``shelves`` are parts of RUNNING in the table's index. ``unit_parts`` cuts each unit of a plan into so many. ``copies`` are
    what an assembly copies at once, ``sends`` what it sends, ``reads`` what it reads; ``batches`` are requests of ten
    units that whoever moves the row sends at once. ``photo_share`` of the ranks goes to photos while both kinds wait.
    """

    cores: float = CORES
    ranks: int = RANKS
    unit_ranks: int = Shares(RANKS, quarter(RANKS), CORES).most_units
    desk_threads: int = DESK_THREADS
    folders: int = 100
    spread: int = 256
    shelves: int = shelves_of(State.RUNNING)
    unit_parts: int = 1
    copies: int = COPIED_AT_ONCE
    sends: int = SENT_AT_ONCE
    reads: int = READ_AT_ONCE
    batches: int = REQUESTS_AT_ONCE
    photo_share: float = 0.5
