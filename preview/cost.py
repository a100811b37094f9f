"""How much work a region is: told by its pixels and the operations' own estimates, before any of it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preview.refusals import RegionTooLargeError, RegionTooSlowError
from tilework.imaging.costs import ABOVE, MILLION

if TYPE_CHECKING:
    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.windows import Size, Window

MOST_PIXELS = 1 << 20
"""Of a region: 1024 x 1024, or a wide screen's share of one. As a PNG that no packing makes smaller it is 4.2 MB, which with
Base64 fits the 6 MB of Lambda's answer."""

MOST_SOURCE_PIXELS = 32 << 20
"""That any step may be given for a region: a reduction to a fifth of a megapixel takes as many."""

MOST_SECONDS = 8.0
"""That a region may take, by the operations' estimates: it is overtaken by the next move of a slider long before."""

QUICK_SECONDS = 2.5
"""That measuring the whole image may take, by the estimates, which lie three to ten times above what quick operations take:
12 megapixels in colour are measured exactly behind some simple steps, and not behind a slow denoising."""


def check_region(window: Window) -> None:
    """Raise RegionTooLargeError for a region of too many pixels."""
    if window.size.pixels > MOST_PIXELS:
        raise RegionTooLargeError(
            f"The region has {window.size.pixels:,} pixels; a preview has {MOST_PIXELS:,} at most."
        )


def check_work(pipeline: Pipeline, window: Window, size: Size, pixels: Pixels) -> None:
    """Raise RegionTooLargeError or RegionTooSlowError for making ``window`` of the result, from an image of ``size``."""
    kinds, seconds = pipeline.kinds(pixels), 0.0
    for step, site, before, after in zip(
        pipeline.steps, pipeline.sites(window, size, pixels), kinds[:-1], kinds[1:], strict=True
    ):
        given, made = site.source.size.pixels, site.output.size.pixels
        if given > MOST_SOURCE_PIXELS:
            raise RegionTooLargeError(
                f"The region depends on {given:,} pixels before {step.operation.name}; a preview takes "
                f"{MOST_SOURCE_PIXELS:,} at most."
            )
        samples = max(given * before.channels, made * after.channels)
        seconds += samples / MILLION * step.operation.cost(step.arguments) / ABOVE
    if seconds > MOST_SECONDS:
        raise RegionTooSlowError(
            f"The region would take some {seconds:,.0f} s; a preview takes {MOST_SECONDS:.0f} at most."
        )


def is_quick(pipeline: Pipeline, size: Size, pixels: Pixels, most_bytes: int) -> bool:
    """Whether a pipeline is soon done with all of an image, and no step makes more than ``most_bytes`` of it."""
    sizes, kinds = pipeline.sizes(size), pipeline.kinds(pixels)
    samples = [each.pixels * kind.channels / MILLION for each, kind in zip(sizes, kinds, strict=True)]
    seconds = sum(
        max(before, after) * step.operation.cost(step.arguments)
        for step, before, after in zip(pipeline.steps, samples[:-1], samples[1:], strict=True)
    )
    largest = max(each.pixels * kind.bytes for each, kind in zip(sizes, kinds, strict=True))
    if largest > most_bytes:
        return False
    return max(samples) * MILLION <= 4 * MOST_SOURCE_PIXELS and seconds / ABOVE <= QUICK_SECONDS
