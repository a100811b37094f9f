"""What `tilework cost` reckons with, out of what was measured: the CPU of a dropped photo, and of a gigapixel in stages.

Written after each run of "drops"; ``python -m benchmarks.measured_costs`` writes it out of what was kept.
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any

from benchmarks.fleet.figures import Setup, UnitTimes
from benchmarks.fleet.scan_stages import stages
from benchmarks.photos import PIPELINE
from benchmarks.results import Results, machine
from benchmarks.scope import FOLDER, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.fleet.figures import PipelineTimes

TARGET = ROOT / "tilework" / "bill" / "measured.json"

OURS = ("ranks", "supervisor")
"""Of what runs on the cores while photos are dropped: all else is AWS's, or the dropper's."""

GIGAPIXEL = 1e9


def write(results: Results, target: Path = TARGET) -> None:
    """Write what the section "drops" and the unit times of the fleet's model come to; nothing where they miss."""
    rows = results.rows("drops")
    if not rows:
        return
    row = rows[""]
    figures, times = row.figures, UnitTimes.load()
    spent = {
        name: statistics.median(run[name] for run in figures["runs"]) / figures["photos"] for name in OURS
    }
    told = {
        "machine": machine(),
        "photo": {
            "date": row.date,
            "pipeline": PIPELINE,
            "megapixels": figures["megapixels"],
            "core_seconds": round(sum(spent.values()), 4),
            "source_bytes": round(times.photo_source_bytes),
            "result_bytes": round(times.photo_result_bytes),
        },
        "gigapixels": {name: _gigapixel(each, times) for name, each in times.pipelines.items()},
    }
    target.write_text(json.dumps(told, indent=1) + "\n")


def _gigapixel(pipeline: PipelineTimes, times: UnitTimes) -> dict[str, Any]:
    """A gigapixel as Tilework plans it: of each stage its units, times what was measured of one."""
    planned = stages(GIGAPIXEL, pipeline, times, Setup())
    units = sum(stage.units for stage in planned)
    return {
        "date": times.date,
        "core_seconds": round(sum(stage.units * stage.unit.seconds for stage in planned) + times.assemble, 1),
        "units": units,
        "reads": round(sum(stage.units * stage.gets for stage in planned)),
        # what a unit leaves, its copy into the result, and the manifest that commits it
        "writes": round(sum(stage.units * (2 * stage.objects + 1) for stage in planned)),
        "result_bytes": round(pipeline.result_bytes * GIGAPIXEL),
    }


if __name__ == "__main__":
    write(Results(FOLDER / "results.json"))
    print(f"Written: {TARGET}")
