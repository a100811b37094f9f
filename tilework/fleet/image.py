"""A large image as its job's plan has it: header, stages and scratch, rebuilt in a rank and kept between units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.fleet.blueprint import Blueprint
from tilework.fleet.rewritten import image_of
from tilework.fleet.scratch import ObjectScratch
from tilework.fleet.source import ObjectSource
from tilework.imaging.formats import HeaderReader, read_header
from tilework.imaging.pipeline import parse
from tilework.imaging.stages.work import Work

if TYPE_CHECKING:
    from tilework.fleet.pictures import Gallery
    from tilework.imaging.formats import Header
    from tilework.imaging.limits import Limits
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask


@dataclass(frozen=True, slots=True)
class LargeImage:
    """What all units of an epoch of a job share."""

    source: ObjectSource
    header: Header
    work: Work
    scratch: ObjectScratch
    blueprint: Blueprint

    @classmethod
    def of(
        cls, task: UnitTask, inputs: ObjectStore, outputs: ObjectStore, limits: Limits, gallery: Gallery
    ) -> LargeImage:
        """Read the header, and what the plan tells. Raises ImageError, VersionGoneError, ServiceError."""
        blueprint = Blueprint.read(task.plan.what)
        pipeline = gallery.show(parse(task.pipeline), task.pictures)
        source = ObjectSource(inputs, task.key, task.version, task.source_bytes)
        header = read_header(HeaderReader(source, limits), pipeline.page)
        scratch = ObjectScratch(outputs, task)
        image = image_of(source, header, scratch, blueprint.cached_bytes)
        work = Work(image, pipeline, blueprint.layout, scratch, blueprint.columns, blueprint.overviews)
        return cls(source, header, work, scratch, blueprint)
