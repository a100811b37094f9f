"""The preview's paths of images that are zoomed, as the API tells of them; the preview itself answers (:mod:`preview`)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

Side = Literal["input", "result"]
Version = Annotated[
    str | None, Query(description="The `version` that the image tells; then the answer may be kept.")
]
Bound = Annotated[
    float | None, Query(description="The value that is shown so, in place of what is measured.")
]


class ZoomLevel(BaseModel):
    """One level: its pixels, its tiles across and down."""

    width: int
    height: int
    across: int
    down: int


class ZoomedImage(BaseModel):
    """An image as it can be zoomed: levels from the whole to the smallest, each half of the one before, rounded up.

    `tile` is the side of a tile in pixels; `black` and `white` are the values that tiles show so. Where it cannot be zoomed
    there are no levels, and `problem` has a code, a detail and an advice; `image_being_read` is for now, with a `percent`: the
    image has no overviews, and each request reads on until it can be shown small.
    """

    side: Side
    version: str
    width: int
    height: int
    dtype: str
    channels: int
    alpha: bool
    tile: int
    black: float
    white: float
    levels: list[ZoomLevel]
    problem: dict[str, str | int] | None


class ZoomedPixel(BaseModel):
    """The exact samples of a pixel, each of the channel at its place; what is no number is a text: nan, inf, -inf."""

    x: int
    y: int
    channels: list[Literal["grey", "red", "green", "blue", "alpha"]]
    samples: list[float | str]


class ZoomedHistogram(BaseModel):
    """Counts of each channel in 256 equal bins from `black` to `white`, and the level that was counted."""

    level: int
    pixels: int
    black: float
    white: float
    channels: dict[str, list[int]]


@dataclass
class _OfImage:
    """What every path begins with. It is read to be told, and to refuse what makes no sense."""

    job_id: str
    side: Side


@dataclass
class _OfTile:
    level: int
    column: int
    row: int


@dataclass
class _OfPixel:
    x: int
    y: int
    version: Version = None


@dataclass
class _OfShown:
    version: Version = None
    black: Bound = None
    white: Bound = None


def _told(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model}}


def routes(answer: Callable[[Request], Awaitable[Response]]) -> APIRouter:
    """``GET /api/jobs/{id}/images/{side}`` and what is below it, each answered by ``answer``."""
    router = APIRouter(
        tags=["preview"],
        prefix="/api/jobs/{job_id}/images/{side}",
        default_response_class=Response,
        dependencies=[Depends(_OfImage)],
    )
    tile: dict[int | str, dict[str, Any]] = {
        200: {"content": {"image/jpeg": {}, "image/png": {}}, "description": "The tile"}
    }

    @router.get("", responses=_told(ZoomedImage), summary="Tell how an image is zoomed")
    async def image(request: Request) -> Response:
        """Tell the levels of a job's input or result, what a pixel is, and what tiles show as black and white."""
        return await answer(request)

    @router.get(
        "/tiles/{level}/{column}/{row}",  # noqa: FAST003 - of _OfTile
        responses=tile,
        dependencies=[Depends(_OfTile), Depends(_OfShown)],
        summary="Show a tile of an image",
    )
    async def tiles(request: Request) -> Response:
        """Show a tile of a level, in eight bits a sample. Level 0 is the whole, levels, columns and rows count from 0.

        Of level 0 it is a PNG of the very pixels or the file's own JPEG; others may be JPEGs. At the right and bottom edge a
        file's own tiles go on beyond the image: that is padding. Deeper pixels are scaled between `black` and `white`.
        """
        return await answer(request)

    @router.get(
        "/pixel", responses=_told(ZoomedPixel), dependencies=[Depends(_OfPixel)], summary="Tell a pixel"
    )
    async def pixel(request: Request) -> Response:
        """Tell the exact samples of the pixel in column `x` and row `y`, both from 0."""
        return await answer(request)

    @router.get(
        "/histogram",
        responses=_told(ZoomedHistogram),
        dependencies=[Depends(_OfShown)],
        summary="Count values",
    )
    async def histogram(request: Request) -> Response:
        """Count how often each value is there, on the largest level of at most four megapixels."""
        return await answer(request)

    return router
