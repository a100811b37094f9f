"""What the model is fed with: unit times, published limits, and how Tilework is set up.

Unit times are measured on one core; ``--times FILE`` puts those of a bench run in their place. Limits are what AWS
publishes for S3, SQS and DynamoDB. A :class:`Setup` is what Tilework can choose: each of its fields is a lever.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_UNITS = 8192
"""Units of a stage, as in the plan of an image."""

TILE = 512
"""Side of a tile in pixels: where the pyramid of overviews ends."""


@dataclass(frozen=True, slots=True)
class PixelTimes:
    """Core seconds a pixel of each stage (``measure`` 0: there is none), and bytes a pixel of source and result.

    ``write_reads`` are the bytes a pixel that writing reads: the source, or what measuring has kept.
    """

    measure: float
    write: float
    overviews: float
    source_bytes: float
    write_reads: float
    result_bytes: float

    @property
    def seconds(self) -> float:
        """Core seconds a pixel of all stages."""
        return self.measure + self.write + self.overviews


# docs/performance-fleet.md tells where each figure is from
PIPELINES = {
    "canny(100, 200), JPEG tiles": PixelTimes(34e-9, 4.2e-9, 4.2e-9, 0.35, 0.06, 0.05),
    "blur(9), JPEG tiles": PixelTimes(0.0, 8e-9, 3.1e-9, 0.35, 0.35, 0.40),
    "blur(9), deflate tiles": PixelTimes(0.0, 67e-9, 26e-9, 1.6, 1.6, 1.5),
}
"""Two cores, 151 MP with overviews, 3.2 s, 0.84 s and 7.0 s, parted among the stages."""


@dataclass(frozen=True, slots=True)
class UnitTimes:
    """Seconds of one core, or of waiting where that is said; bytes.

    ``photo`` is all that a rank computes for a 12-MP JPEG. ``plan``, ``reduce`` and ``assemble`` are the computing of
    one such unit. ``table`` and ``queue`` are round trips to the services, ``complete_part`` what
    CompleteMultipartUpload takes for each part.
    """

    photo: float = 0.130
    photo_source_bytes: float = 4e6
    photo_result_bytes: float = 5e6
    plan: float = 0.5
    reduce: float = 0.3
    assemble: float = 0.5
    table: float = 0.005
    queue: float = 0.010
    receive: float = 0.020
    complete_part: float = 0.001
    pipelines: Mapping[str, PixelTimes] = field(default_factory=lambda: dict(PIPELINES))

    @classmethod
    def load(cls, path: Path) -> UnitTimes:
        """Read what ``path`` (JSON, as :meth:`save` writes it) names over the defaults.

        Raises ValueError for a name that does not exist, OSError where the file cannot be read.
        """
        told: dict[str, Any] = json.loads(path.read_text())
        unknown = set(told) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"{path.name} names no unit times: {', '.join(sorted(unknown))}.")
        named = {name: PixelTimes(**each) for name, each in told.pop("pipelines", {}).items()}
        return cls(**told, pipelines=PIPELINES | named)

    def save(self, path: Path) -> None:
        """Write all figures to ``path``."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class Limits:
    """What AWS publishes, a second where nothing else is said.

    S3: requests a prefix, bytes a connection, seconds to the first byte (the middle of 30 to 100 ms), parts of an
    upload and bytes of the least part. DynamoDB: write units of a partition (which one item, and one part of an
    index by state, never leaves) and of a table. SQS: messages of a request, messages in flight. EC2: bytes of a
    host of 16 cores in each direction, its baseline.
    """

    s3_puts: float = 3500
    s3_gets: float = 5500
    connection_bytes: float = 85e6
    first_byte: float = 0.065
    most_parts: int = 10_000
    least_part_bytes: int = 5 * 2**20
    partition_writes: float = 1000
    table_writes: float = 40_000
    queue_batch: int = 10
    in_flight: int = 120_000
    host_bytes: float = 780e6


@dataclass(frozen=True, slots=True)
class Setup:
    """How Tilework is set up. The defaults are the code and the design as they stand.

    ``desk_threads`` of a host claim and end jobs. ``input_prefixes`` is how many prefixes S3 has for drops,
    ``result_prefixes`` and ``work_prefixes`` for what is written. ``shelves`` are parts of a state in the table's
    index; ``marks_in_index``: the set of done units is copied into it. ``unit_seconds`` is what a plan aims at,
    ``marks_at_once`` how many done units one write to the row adds, ``levels_a_stage`` how many overview levels one
    stage makes, ``unit_connections`` how many requests a unit has under way, ``assembly_connections`` how many copies
    an assembly has, and ``sends_at_once`` how many batches of units whoever moves the row has. ``photo_share`` of the
    ranks goes to photos while both kinds wait.
    """

    cores: float = 16
    ranks: int = 16
    desk_threads: int = 4
    input_prefixes: int = 1
    result_prefixes: int = 1
    work_prefixes: int = 1
    shelves: int = 4
    marks_in_index: bool = True
    marks_at_once: int = 1
    unit_seconds: float = 5.0
    levels_a_stage: int = 1
    reduce_fan_in: int = 16
    unit_connections: int = 4
    assembly_connections: int = 16
    sends_at_once: int = 8
    photo_share: float = 0.5
