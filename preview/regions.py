"""``POST /api/preview``: a region of what a pipeline would make of an image."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Self

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, FiniteFloat, model_validator

from preview.answers import answer
from preview.image_library import Address, Library, address_of
from preview.jobs import row_for
from preview.memory import Memory
from preview.on_screen import MEDIA_TYPE, Levels
from preview.problems import not_there
from preview.region import render
from preview.settings import PreviewSettings
from preview.workshop import Workshop
from tilework.errors import VersionGoneError
from tilework.fleet.pictures import Gallery
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Window
from tilework.jobs.object_keys import OURS
from tilework.jobs.pictures import BucketPictures
from tilework.jobs.quotas import KEY_BYTES
from tilework.jobs.system import System
from tilework.service.identity import who_asks
from tilework.sign_in import may_see

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

    @property
    def window(self) -> Window:
        """The same as the engine has it."""
        return Window(self.x, self.y, self.x + self.width, self.y + self.height)


class PreviewRequest(BaseModel):
    """What shall be shown of which image: a ``job``'s input, or the version ``version`` of ``key`` in the input bucket.

    ``window`` is in pixels of the result, which a pipeline may make larger, smaller or turned; what reaches beyond it is
    left out, unless ``nearest`` asks for the region to be moved into it. ``levels`` are the values to show black and white of results deeper than 8 bits.
    """

    job: str = Field(default="", max_length=64)
    key: str = Field(default="", max_length=KEY_BYTES)
    version: str = Field(default="", max_length=1024)
    pipeline: str = Field(default="", max_length=PIPELINE_CHARACTERS)
    window: Place
    nearest: bool = False
    levels: tuple[FiniteFloat, FiniteFloat] | None = None

    @model_validator(mode="after")
    def _names_one_image(self) -> Self:
        if bool(self.job) == bool(self.key):
            raise ValueError("name either a job or a key, and with a key its version")
        if self.key and not self.version:
            raise ValueError("a key needs its version")
        return self


class Shower:
    """Checks pipelines, and shows them the pictures that they name; thread-safe."""

    def __init__(
        self, system: System, workshop: Workshop, settings: PreviewSettings, clock: Callable[[], float]
    ) -> None:
        self._pictures = BucketPictures(system.inputs, clock)
        self._gallery = Gallery(system.inputs, settings.limits)
        self._workshop = workshop
        self._limits = settings.limits
        self._clock = clock

    def show(self, pipeline: Pipeline, frozen: str = "") -> Pipeline:
        """Return the pipeline with its pictures: those of the versions that a job froze, else as they are now.

        Raises PipelineError, PictureError, ServiceError.
        """
        self._limits.check_pipeline(pipeline.canonical)
        if not pipeline.picture_names:
            return pipeline
        told = frozen or self._pictures.of_drop(pipeline.picture_names, self._clock())
        return self._workshop.alone(lambda: self._gallery.show(pipeline, told))


def routes(system: System, library: Library, workshop: Workshop, memory: Memory, shower: Shower) -> APIRouter:
    """``POST /api/preview``."""
    router = APIRouter(tags=["preview"])

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

        The master's description of the API tells who reads what the answer and its header are (master/preview.py).
        """
        began = time.perf_counter()
        address, own = _image_of(wanted, request, system, library)
        pipeline = shower.show(parsed(wanted.pipeline), own)
        address = replace(address, page=pipeline.page)
        window, levels = wanted.window.window, None if wanted.levels is None else Levels(*wanted.levels)
        region = workshop.do(
            lambda: render(library.open(address).opened, pipeline, window, nearest=wanted.nearest)
        )
        memory.trim()
        return answer(region, levels, began)

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
    info = None
    if not wanted.key.startswith(OURS):
        with contextlib.suppress(VersionGoneError):
            info = library.describe(address)
    # another's is answered as one that is not there, to the letter
    if info is None or not may_see(_Brought(info.metadata.get("owner", "")), who_asks(request)):
        raise not_there("no_image", "There is no such version of such an image in the input bucket.")
    return address, ""


@dataclass(frozen=True, slots=True)
class _Brought:
    """An object of the input bucket, by who brought it."""

    owner: str
