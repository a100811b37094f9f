"""``POST /api/preview``: a region of what a pipeline would make of an image."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, model_validator

from preview.identity import may_see
from preview.jobs import row_for
from preview.library import Address, Library, address_of
from preview.on_screen import MEDIA_TYPE, Levels, levels_of, png, shown
from preview.problems import not_there
from preview.region import Region, render
from preview.settings import PreviewSettings
from preview.workshop import Workshop
from tilework.fleet.pictures import Gallery
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Window
from tilework.jobs.object_keys import OURS
from tilework.jobs.pictures import BucketPictures
from tilework.jobs.quotas import KEY_BYTES
from tilework.jobs.system import System

FACTS = "Tilework-Preview"
"""The header that tells what the picture shows: a JSON object in ASCII."""

MOST_COORDINATE = 1 << 40
"""Far beyond any image."""

PIPELINE_CHARACTERS = 4000
"""Of a text; its canonical form has a limit of its own."""

Coordinate = Annotated[int, Field(ge=-MOST_COORDINATE, le=MOST_COORDINATE)]
Extent = Annotated[int, Field(ge=1, le=MOST_COORDINATE)]


class Place(BaseModel):
    """A rectangle in pixels; ``x`` counts columns to the right and ``y`` rows downwards, from the upper left."""

    x: Coordinate
    y: Coordinate
    width: Extent
    height: Extent


class PreviewRequest(BaseModel):
    """What shall be shown of which image: a ``job``'s input, or the version ``version`` of ``key`` in the input bucket.

    ``window`` is in pixels of the result, which a pipeline may make larger, smaller or turned; what reaches beyond it is
    left out. ``levels`` are the values to show black and white of results deeper than 8 bits.
    """

    job: str = Field(default="", max_length=64)
    key: str = Field(default="", max_length=KEY_BYTES)
    version: str = Field(default="", max_length=1024)
    pipeline: str = Field(default="", max_length=PIPELINE_CHARACTERS)
    window: Place
    levels: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _names_one_image(self) -> Self:
        if bool(self.job) == bool(self.key):
            raise ValueError("name either a job or a key, and with a key its version")
        if self.key and not self.version:
            raise ValueError("a key needs its version")
        return self


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer: the picture, and what is to be known of it."""

    body: bytes
    facts: dict[str, object]


def routes(
    system: System,
    library: Library,
    workshop: Workshop,
    settings: PreviewSettings,
    clock: Callable[[], float],
) -> APIRouter:
    """``POST /api/preview``."""
    router = APIRouter(tags=["preview"])
    pictures = BucketPictures(system.inputs, clock)
    gallery = Gallery(system.inputs, settings.limits)

    @router.post(
        "/api/preview",
        response_class=Response,
        responses={
            200: {"content": {MEDIA_TYPE: {}}, "description": "The region, with what it shows in a header"}
        },
        summary="Preview a region",
    )
    def preview(wanted: PreviewRequest, request: Request) -> Response:
        """Show a region of what a pipeline makes of an image: the very pixels of the result, at its full size.

        The answer is a PNG of 8 bits a sample; of a lossy result it shows what is encoded. Its header Tilework-Preview is
        a JSON object: `window` is the region that is shown, `width` and `height` the result's, `source` what of the image
        the region depends on, `dtype` the result's depth and `levels` the values shown black and white where that is
        deeper than 8 bits. `approximate` is empty where the pixels are exactly the result's. Else it names why they may
        differ, for an operation that must know all of a large image: "sample" (it was told what 16 windows of 192 x 192
        pixels say, spread evenly) and "surroundings" (it worked on the region and 256 pixels around it). `seconds` is how
        long it took. With the pipeline "" it shows the image itself.
        """
        began = time.perf_counter()
        address, own = _image_of(wanted, request, system, library)
        pipeline = parsed(wanted.pipeline)
        settings.limits.check_pipeline(pipeline.canonical)
        address = Address(address.side, address.key, address.version, pipeline.page)
        if pipeline.picture_names:
            frozen = own or pictures.of_drop(pipeline.picture_names, clock())
            pipeline = workshop.alone(lambda: gallery.show(pipeline, frozen))
        levels = None if wanted.levels is None else Levels(*wanted.levels)
        answer = workshop.do(lambda: _shown(library, address, pipeline, wanted.window, levels))
        facts = {**answer.facts, "seconds": round(time.perf_counter() - began, 4)}
        headers = {FACTS: json.dumps(facts, separators=(",", ":")), "Cache-Control": "no-store"}
        return Response(answer.body, media_type=MEDIA_TYPE, headers=headers)

    return router


def parsed(text: str) -> Pipeline:
    """The pipeline of a text; none at all shows the image. Raises PipelineError."""
    return parse(text) if text.strip() else Pipeline(())


def _image_of(
    wanted: PreviewRequest, request: Request, system: System, library: Library
) -> tuple[Address, str]:
    """Where the image is, and the pictures that its job froze. Raises ProblemError where the caller may not see it."""
    if wanted.job:
        row = row_for(request, system, wanted.job)
        own = row.pictures if row.pipeline == wanted.pipeline else ""
        return address_of(row, "input"), own
    address = Address("input", wanted.key, wanted.version)
    info = None if wanted.key.startswith(OURS) else library.describe(address)
    if info is None or not may_see(request, _Brought(info.metadata.get("owner", ""))):
        raise not_there("no_image", "There is no such version of such an image in the input bucket.")
    return address, ""


@dataclass(frozen=True, slots=True)
class _Brought:
    """An object of the input bucket, by who brought it."""

    owner: str


def _shown(
    library: Library, address: Address, pipeline: Pipeline, place: Place, levels: Levels | None
) -> Shown:
    window = Window(place.x, place.y, place.x + place.width, place.y + place.height)
    region = render(library.open(address), pipeline, window)
    library.forget()
    levels = levels or levels_of(region.picture)
    return Shown(png(shown(region.picture, levels)), _facts(region, levels))


def _facts(region: Region, levels: Levels | None) -> dict[str, object]:
    deep = region.picture.pixels.dtype != "uint8"
    return {
        "window": _told(region.window),
        "width": region.size.width,
        "height": region.size.height,
        "source": _told(region.source),
        "dtype": region.picture.pixels.dtype,
        "levels": list(levels) if deep and levels else None,
        "approximate": list(region.approximate),
    }


def _told(window: Window) -> dict[str, int]:
    return {"x": window.left, "y": window.top, "width": window.width, "height": window.height}
