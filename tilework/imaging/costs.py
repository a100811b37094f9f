"""How long the work on an image should take one core, from its header and pipeline: what deadlines are made of.

Estimates from above of what was measured on 12 megapixels of noise and of blurred noise (docs/decisions/
guarded-child.md); a deadline is a multiple of them. They are no limits on honest work, but find work without an end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.report import ROW_SECONDS, most_rows

if TYPE_CHECKING:
    from tilework.imaging.formats import Header
    from tilework.imaging.limits import Limits
    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.plan import Plan
    from tilework.imaging.stages.work import Work
    from tilework.imaging.windows import Size

CODEC_SECONDS = 0.1
"""For a million samples, decoded or encoded. Measured: JPEG 0.006 and 0.002, PNG 0.006 and 0.017, with 16 bits."""

ABOVE = 6.0
"""How far the estimates lie above what deflated TIFFs take: 151 megapixels of three samples, blurred, 14 core seconds."""

MILLION = 1_000_000

CLOCK = 3.0
"""Seconds by the clock for one of processor time: ranks share their cores with each other and with whatever else."""

BYTES_A_SECOND = 1_000_000
"""Between a rank and a store: what a bad link still gives. Within a region it is a hundred times as much."""


def cpu_seconds(plan: Plan, pipeline: Pipeline, limits: Limits) -> float:
    """Seconds of processor time in which this image is decoded, worked on and encoded, if it ever is."""
    work = _estimate(plan.header.size, plan.header.pixels, pipeline)
    return limits.decoder_seconds + limits.deadline_factor * (work + _listing(plan.header.size, pipeline))


def report_seconds(work: Work, limits: Limits) -> float:
    """Seconds by the clock in which the rows of a report are written, all that there may be."""
    return CLOCK * limits.deadline_factor * _listing(work.image.size, work.pipeline)


def _listing(size: Size, pipeline: Pipeline) -> float:
    return ROW_SECONDS * most_rows(pipeline, size)


def unit_seconds(work: Work, limits: Limits) -> float:
    """Seconds by the clock in which any unit of a large image is done, if it ever is."""
    unit = work.columns * (work.layout.tile << work.overviews)
    share = min(1.0, unit / work.layout.size.pixels)
    estimate = share * _estimate(work.image.size, work.image.pixels, work.pipeline)
    return CLOCK * (limits.decoder_seconds + limits.deadline_factor * estimate)


def rewriting_seconds(header: Header, limits: Limits) -> float:
    """Seconds by the clock in which an image that is only read in sequence is rewritten."""
    samples = header.stored.pixels * (header.pixels.channels + header.pixels.alpha) / MILLION
    return CLOCK * (limits.decoder_seconds + limits.deadline_factor * CODEC_SECONDS * samples)


def _estimate(size: Size, pixels: Pixels, pipeline: Pipeline) -> float:
    """Seconds of processor time for an image, from above."""
    samples = [
        each.pixels * (kind.channels + kind.alpha) / MILLION
        for each, kind in zip(pipeline.sizes(size), pipeline.kinds(pixels), strict=True)
    ]
    kernels = sum(
        max(before, after) * step.operation.cost(step.arguments)
        for step, before, after in zip(pipeline.steps, samples[:-1], samples[1:], strict=True)
    )
    return CODEC_SECONDS * (samples[0] + samples[-1]) + kernels


def pixels_within(
    seconds: float, size: Size, pixels: Pixels, pipeline: Pipeline, of: Size | None = None
) -> int:
    """How many pixels of the result of an image, or of what is ``of`` another size, one core should do in so many seconds."""
    whole = _estimate(size, pixels, pipeline) / ABOVE
    return max(1, round((of or pipeline.sizes(size)[-1]).pixels * seconds / whole))


def transfer_seconds(count: int, limits: Limits) -> float:
    """Seconds by the clock in which ``count`` bytes are read from a store, or written to it."""
    return limits.fetch_seconds + count / BYTES_A_SECOND
