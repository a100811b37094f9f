"""The stages of one large image: Tilework's own plan of it, with what each unit takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from benchmarks.fleet.figures import StageTimes
from benchmarks.fleet.planned import Plan, PlannedStage, plan
from tilework.fleet.workshop import ARRAYS_BYTES

if TYPE_CHECKING:
    from benchmarks.fleet.figures import PipelineTimes, Setup, UnitTimes


@dataclass(frozen=True, slots=True)
class StageWork:
    """``units`` alike, each of which takes what ``unit`` says, and leaves objects of ``object_bytes`` and more."""

    name: str
    units: int
    unit: StageTimes
    object_bytes: float = ARRAYS_BYTES

    @property
    def objects(self) -> int:
        """PUTs of a unit: one object alone may be smaller."""
        return max(1, int(self.unit.written_bytes // self.object_bytes))

    @property
    def gets(self) -> float:
        """Requests of a unit that read."""
        return self.unit.input_gets + self.unit.work_gets

    @property
    def bytes_read(self) -> float:
        """Bytes that a unit reads."""
        return self.unit.input_bytes + self.unit.work_bytes


def stages(pixels: float, pipeline: PipelineTimes, times: UnitTimes, setup: Setup) -> list[StageWork]:
    """All stages but the assembly, in their order; ``pixels`` of the whole image."""
    planned = plan(pixels, pipeline.compression, pipeline.text, setup.ranks)
    found = [StageWork("plan", 1, StageTimes(times.plan, input_gets=2))]
    found += [_work(stage, pipeline, planned) for stage in planned.stages if stage.kind in pipeline.stages]
    return [in_parts(stage, setup.unit_parts) for stage in found]


def _work(stage: PlannedStage, pipeline: PipelineTimes, planned: Plan) -> StageWork:
    times = pipeline.stages[stage.kind]
    # reducing is told by the unit
    share = stage.pixels / stage.units if stage.kind != "reduce" else 1.0
    least = planned.bundle_bytes if stage.kind in {"write", "overviews"} else ARRAYS_BYTES
    return StageWork(stage.name, stage.units, scaled(times, share), least)


def scaled(times: StageTimes, factor: float) -> StageTimes:
    """So many times all of it."""
    return StageTimes(*(factor * getattr(times, each.name) for each in fields(StageTimes)))


def in_parts(stage: StageWork, parts: int) -> StageWork:
    """The same work in ``parts`` times the units, where it is divided at all."""
    if parts == 1 or stage.units == 1 or stage.name.startswith("reduce"):
        return stage
    return replace(stage, units=parts * stage.units, unit=scaled(stage.unit, 1 / parts))


def for_ranks(stage: StageWork, ranks: int) -> StageWork:
    """The same work in as many units as keep all ``ranks`` busy to the end, if it is divided at all."""
    if stage.units == 1 or stage.name.startswith("reduce"):
        return stage
    units = ranks * math.ceil(stage.units / ranks)
    return replace(stage, units=units, unit=scaled(stage.unit, stage.units / units))
