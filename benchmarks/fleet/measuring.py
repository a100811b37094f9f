"""Measure what the engine takes here for one unit of each stage, and for one photo: the unit times of the model.

    python -m benchmarks.fleet.measuring --out benchmarks/fleet/times.json

One process goes through all stages of a large image as a rank does, between stores in memory that count: seconds of
processor time, requests and bytes, by stage, each divided by the pixels of the image that the stage works on. Takes
two minutes, and wants a core for itself.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import tifffile

from benchmarks.fleet.figures import PIPELINES, PipelineTimes, StageTimes, UnitTimes
from benchmarks.large.inputs import make
from benchmarks.large.works import Input
from tests.fleet.whole_fleet import Fleet
from tilework.fleet.blueprint import Cells
from tilework.fleet.workshop import Surroundings, Workshop
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import BytesSource, prepare_process, process

if TYPE_CHECKING:
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask

SIDE = 12288
PHOTO = (4000, 3000)
ROUNDS = 3


@dataclass(slots=True)
class Amounts:
    """What a stage took, all its units together: seconds of processor time, requests, bytes."""

    units: int = 0
    pixels: int = 0
    seconds: float = 0.0
    input_gets: int = 0
    input_bytes: int = 0
    work_gets: int = 0
    work_bytes: int = 0
    written_bytes: int = 0


class Counted:
    """A store that counts what is read and written through it."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.gets = self.got = self.written = 0

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        """Read through, and count."""
        data = self._store.read(key, version, start, stop)
        self.gets, self.got = self.gets + 1, self.got + len(data)
        return data

    def put(self, key: str, body: bytes, **told: Any) -> str:
        """Store through, and count."""
        self.written += len(body)
        return self._store.put(key, body, **told)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def main() -> None:
    """Measure, and write the file."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    prepare_process()
    times = UnitTimes(
        machine=_machine(),
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        **photo(),
        pipelines={name: _pipeline(name) for name in PIPELINES},
    )
    chosen.out.write_text(json.dumps(asdict(times), indent=2) + "\n")


def photographs() -> list[bytes]:
    """JPEGs of 12 megapixels, parts of the mosaic."""
    mosaic = tifffile.imread(make(Input("jpeg", SIDE)))
    width, height = PHOTO
    parts = [mosaic[:height, left : left + width, ::-1] for left in range(0, SIDE - width, width)]
    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    return [cv2.imencode(".jpg", np.ascontiguousarray(part), quality)[1].tobytes() for part in parts]


def photo() -> dict[str, float]:
    """Seconds and bytes of a photo: the median of several rounds, after one that warms up."""
    sources, results = photographs(), []
    seconds = []
    for number, body in enumerate(sources * (ROUNDS + 1)):
        began = time.process_time()
        product = process(BytesSource(body), parse("blur(9)"), Limits())
        if number >= len(sources):
            seconds.append(time.process_time() - began)
            results.append(len(product.body))
    return {
        "photo": statistics.median(seconds),
        "photo_source_bytes": statistics.mean(map(len, sources)),
        "photo_result_bytes": statistics.mean(results),
    }


def _pipeline(name: str) -> PipelineTimes:
    text, kind = name.rsplit(", ", 1)
    kind = kind.removesuffix(" tiles")
    body = make(Input(kind, SIDE)).read_bytes()
    rounds = [_amounts(body, text) for _ in range(ROUNDS)]
    stages = {stage: _median([each[stage] for each in rounds]) for stage in rounds[0]}
    written = sum(each.written_bytes for stage, each in rounds[0].items() if stage in {"write", "overviews"})
    return PipelineTimes(
        text, kind, {stage: each for stage, each in stages.items() if stage != "assemble"}, written / SIDE**2,
    )  # fmt: skip


def _median(rounds: list[Amounts]) -> StageTimes:
    seconds = statistics.median(each.seconds for each in rounds)
    of = rounds[0]
    # a unit of reducing knows no pixels: it joins what others have left
    share = of.pixels or of.units
    found = {name: value / share for name, value in asdict(replace(of, seconds=seconds)).items()}
    return StageTimes(**{name: found[name] for name in found if name not in {"units", "pixels"}})


def _amounts(body: bytes, pipeline: str) -> dict[str, Amounts]:
    """All of an image's stages, by their kinds: as a fleet of hosts of two ranks plans it."""
    fleet = Fleet(Limits(), ranks=1)
    inputs, outputs = Counted(fleet.system.inputs), Counted(fleet.system.outputs)
    shop = Workshop(inputs, outputs, fleet.limits)
    found: dict[str, Amounts] = defaultdict(Amounts)
    made = shop.make

    def counted(task: UnitTask, around: Surroundings) -> str:
        inputs.reset()
        outputs.reset()
        stage = task.plan.stages[task.unit.stage]
        kind = stage.name.partition("-")[0]
        began = time.process_time()
        text = made(task, around)
        amounts = found[kind]
        amounts.seconds += time.process_time() - began
        amounts.units += 1
        amounts.pixels += 0 if kind == "reduce" else _pixels(stage.what, task.unit.number)
        amounts.input_gets += inputs.gets
        amounts.input_bytes += inputs.got
        amounts.work_gets += outputs.gets
        amounts.work_bytes += outputs.got
        amounts.written_bytes += outputs.written
        return text

    shop.make = counted  # type: ignore[method-assign]
    fleet.workshops = [shop]
    job = fleet.drop(body, pipeline)
    fleet.run()
    if not fleet.row(job).result_key:
        raise RuntimeError(fleet.row(job).reason)
    return found


def _pixels(what: str, unit: int) -> int:
    return sum(window.width * window.height for window in Cells.read(what).windows(unit))


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} cores of {name.strip()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
