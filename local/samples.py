"""A few pictures that show what Tilework does: real photographs that scikit-image ships, and one of 24 megapixels.

The photographs are free for any use: the astronaut and the Hubble deep field are NASA's and in the public domain, the
rocket is SpaceX's, released into the public domain; coffee (Rachel Michetti), chelsea (Stefan van der Walt) and retina
are CC0. Source: the docstrings of skimage.data, which name the origin of each.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.live import Live
from rich.table import Table

from tilework.errors import ServiceError, VersionGoneError
from tilework.jobs.job import Ask, Drop, Job, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from local.progress import Progress
    from tilework.jobs.system import System

GENERATED: Final = "marble.jpg"
"""The picture that :mod:`local.picture` makes."""

SAMPLES: Final = {
    "astronaut.png": "blur(9)",
    "coffee.png": "canny(100, 200)",
    "chelsea.png": "invert()",
    "hubble_deep_field.jpg": "dilate(5)",
    "rocket.jpg": "erode(3)",
    "retina.jpg": "erode(3) | dilate(3) | invert()",
    GENERATED: "blur(9) | canny(20, 50)",
}
"""Each picture with what is done to it: the five operations, and two chains."""

PREFIX: Final = "samples/"

BATCH: Final = "samples"

CONTENT_TYPES: Final = {".png": "image/png", ".jpg": "image/jpeg"}

PATIENCE: Final = 180.0
"""Seconds without a single sample coming to its end, after which something is wrong."""

RESULT_LOOK_SECONDS: Final = 0.2

WIDE: Final = 150
"""Columns from which an address fits into the table; below, the addresses follow it."""

RECORD: Final = "dropped.json"
"""In the samples' folder: which object versions were dropped last."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that lies in the input bucket: ``job`` is the id of its job, ``size`` its bytes."""

    name: str
    pipeline: str
    job: str
    size: int


def photographs() -> Path:
    """The folder of the photographs, found without importing the library, which takes a second."""
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("scikit-image is not installed")
    return Path(spec.submodule_search_locations[0]) / "data"


def drop(system: System, folder: Path, *, anew: bool) -> list[Sample]:
    """Put the samples into the input bucket, as any client would; unless ``anew``, only those that miss."""
    record = folder / RECORD
    known = {} if anew else _read(record)
    samples, versions = [], {}
    for name, pipeline in SAMPLES.items():
        path = (folder if name == GENERATED else photographs()) / name
        version = known.get(name)
        if version is None or not _is_there(system, name, version, pipeline):
            version = system.inputs.put(
                PREFIX + name,
                path.read_bytes(),
                metadata={"pipeline": pipeline, "batch": BATCH},
                content_type=CONTENT_TYPES[path.suffix],
            )
        versions[name] = version
        job = Ask(Drop(system.inputs.bucket, PREFIX + name, version)).job_id
        samples.append(Sample(name, pipeline, job, path.stat().st_size))
    record.write_text(json.dumps(versions, indent=1) + "\n")
    return samples


def _read(record: Path) -> dict[str, str]:
    try:
        found = json.loads(record.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_there(system: System, name: str, version: str, pipeline: str) -> bool:
    try:
        return system.inputs.head(PREFIX + name, version).metadata.get("pipeline") == pipeline
    except VersionGoneError:
        return False


class Watch:
    """Follows the samples' jobs to their ends; ``look_after`` keeps the system running meanwhile."""

    def __init__(
        self, system: System, samples: Sequence[Sample], progress: Progress, look_after: Callable[[], None]
    ) -> None:
        self._system = system
        self._samples = samples
        self._progress = progress
        self._look_after = look_after
        self._rows: dict[str, Job] = {}
        self._began = time.time()

    def follow(self) -> None:
        """Show how the samples are coming on, until all are over or none of them moves any more; then the table."""
        console = self._progress.console
        if console.is_terminal:
            with Live(self.table(), console=console, auto_refresh=False, transient=True) as live:
                self._wait(live)
        else:
            self._wait(None)
        console.print(self.table())
        if console.width < WIDE:
            for sample in self._samples:
                # in one piece, to be copied
                self._progress.say(f"{sample.name}: {self._cells(sample)[-1]}")

    def reasons(self) -> list[str]:
        """Why a sample is not DONE, a line each; none where all is well."""
        found = []
        for sample in self._samples:
            row = self._rows.get(sample.job)
            if row is None:
                found.append(f"{sample.name}: no worker has taken it. Read the supervisors' logs.")
            elif row.state is not State.DONE:
                found.append(f"{sample.name}: {row.state} {row.code} {row.reason} {row.advice}".strip())
        return found

    def table(self) -> Table:
        """The samples as they stand."""
        table = Table(title="Samples", title_justify="left", box=SIMPLE_HEAD)
        for name in ("image", "pipeline"):
            table.add_column(name, overflow="fold")
        for name in ("size", "state", "seconds"):
            table.add_column(name, no_wrap=True, justify="right" if name == "seconds" else "left")
        if self._progress.console.width >= WIDE:
            table.add_column("where the result lies", overflow="fold")
        for sample in self._samples:
            table.add_row(*self._cells(sample)[: len(table.columns)])
        return table

    def _cells(self, sample: Sample) -> list[str]:
        row = self._rows.get(sample.job)
        size = f"{sample.size / 1e6:.1f} MB"
        if row is None:
            return [sample.name, sample.pipeline, size, "QUEUED", "", ""]
        if row.width:
            size = f"{row.width} x {row.height}, {size}"
        lies = f"s3://{self._system.outputs.bucket}/{row.result_key}" if row.result_key else row.reason
        seconds = f"{row.seconds:.2f}" if row.seconds else ""
        return [sample.name, row.pipeline or sample.pipeline, size, row.state.value, seconds, lies]

    def _wait(self, live: Live | None) -> None:
        last_end = time.monotonic()
        while waiting := [sample for sample in self._samples if not self._is_over(sample)]:
            self._progress.stopping.check()
            self._look_after()
            for sample in waiting:
                if self._look(sample):
                    last_end = time.monotonic()
                    self._tell(sample, live)
            if live is not None:
                live.update(self.table(), refresh=True)
            if time.monotonic() - last_end > PATIENCE:
                return
            time.sleep(RESULT_LOOK_SECONDS)

    def _is_over(self, sample: Sample) -> bool:
        row = self._rows.get(sample.job)
        return row is not None and row.state.is_end

    def _look(self, sample: Sample) -> bool:
        """Read the job's row anew; whether it is over."""
        try:
            row = self._system.table.get(sample.job)
        except ServiceError:
            return False
        if row is not None:
            self._rows[sample.job] = row
        return self._is_over(sample)

    def _tell(self, sample: Sample, live: Live | None) -> None:
        row = self._rows[sample.job]
        # what was over before we came is in the table
        if live is None and row.ended > self._began:
            self._progress.say(f"  {row.state}: {sample.name} | {row.pipeline}, {row.seconds:.2f} s")
