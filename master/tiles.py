"""Large results tile by tile: what is done of one that is being made, and all of one that is."""

import base64
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from master.jobs import Listing
from tilework.errors import NoTilesError, TileNotMadeError
from tilework.fleet.tiles_so_far import Seen, TilesSoFar
from tilework.jobs.job import Job, State
from tilework.jobs.system import System
from tilework.service.conditional import ASK_AGAIN, FOR_EVER, known_tags, tagged
from tilework.service.identity import Asking

Absent = Annotated[
    Literal["problem", "empty"], Query(description="What is answered for what is not there (yet).")
]


class LevelView(BaseModel):
    """One level: its pixels, its tiles across and down, and how many of these are made."""

    width: int
    height: int
    across: int
    down: int
    made: int


class MadeView(BaseModel):
    """Which tiles of a level are made, and all of the larger levels that lie under them.

    `bits` has one for each tile, row by row, in Base64; the first is the highest of its byte.
    """

    level: int
    bits: str


class Picture(BaseModel):
    """A large result as far as it is made: levels from the whole to the smallest, and the side of a tile in pixels.

    Tiles are shown as `media_type`; null where no browser shows such pixels. `epoch` rises with every retry. `made` is
    told while the first levels are written, unless it would be long; null else.
    """

    state: State
    epoch: int
    tile: int
    media_type: str | None
    levels: list[LevelView]
    made: MadeView | None


def picture(row: Job, seen: Seen) -> Picture:
    """What is seen of a job, as it is told."""
    levels = [
        LevelView(
            width=level.size.width,
            height=level.size.height,
            across=level.grid.width,
            down=level.grid.height,
            made=level.made,
        )
        for level in seen.levels
    ]
    return Picture(
        state=row.state,
        epoch=row.epoch,
        tile=seen.tile,
        media_type=seen.media_type,
        levels=levels,
        made=None if seen.made is None else MadeView(level=seen.made.level, bits=_bits(seen.made.tiles)),
    )


def _bits(told: Sequence[bool]) -> str:
    digits = "".join("1" if each else "0" for each in told)
    length = -(-len(digits) // 8)
    return base64.b64encode(int(digits.ljust(8 * length, "0"), 2).to_bytes(length)).decode()


def routes(system: System, listing: Listing, clock: Callable[[], float]) -> APIRouter:
    """``GET /api/jobs/{id}/picture`` and ``GET /api/jobs/{id}/tiles/{level}/{column}/{row}``."""
    router = APIRouter(tags=["jobs"])
    tiles = TilesSoFar(system, clock)

    @router.get("/api/jobs/{job_id}/picture", response_model=Picture, summary="Tell what can be seen")
    def told(job_id: str, request: Request, who: Asking, absent: Absent = "problem") -> Response:
        """Tell the levels of a large result, and how much of each is made; poll it with If-None-Match.

        A job that has none to be seen is a problem, or with `absent=empty` 204 and nothing.
        """
        row = listing.row(job_id, who)
        try:
            seen = tiles.seen(row)
        except NoTilesError:
            if absent == "problem":
                raise
            return _nothing()
        body = picture(row, seen).model_dump_json().encode()
        return tagged(request, body, media_type="application/json")

    @router.get(
        "/api/jobs/{job_id}/tiles/{level}/{column}/{row}",
        response_class=Response,
        responses={
            200: {"content": {"image/jpeg": {}, "image/png": {}}, "description": "The tile"},
            204: {"description": "It is still to be made"},
        },
        summary="Show a tile",
    )
    def tile(
        *,
        job_id: str,
        level: int,
        column: int,
        row: int,
        request: Request,
        who: Asking,
        epoch: Annotated[int | None, Query(description="The `epoch` that the picture tells.")] = None,
        absent: Absent = "problem",
    ) -> Response:
        """Show a tile of a large result as soon as it is made, under the same address while the job runs and after.

        JPEG tiles are those of the result, all others a PNG of the same pixels. Levels, columns and rows count from 0,
        level 0 is the whole; at the right and bottom edge what goes beyond the level's width and height is padding.
        With its epoch the address shows the same for ever, and may be kept; it shows no tile of another one. A tile that is
        still to be made is a problem, or with `absent=empty` 204 and nothing.
        """
        job = listing.row(job_id, who)
        if epoch not in {None, job.epoch}:
            raise NoTilesError(f"The job {job.id} is in epoch {job.epoch}, not {epoch}: it was tried again.")
        tag = f'"{job.epoch}-{level}-{column}-{row}"'
        # a retry may make the tile anew, in another epoch
        headers = {"ETag": tag, "Cache-Control": ASK_AGAIN if epoch is None else FOR_EVER}
        if tag in known_tags(request) and job.state in {State.RUNNING, State.DONE}:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        try:
            shown = tiles.tile(job, level, column, row)
        except TileNotMadeError:
            if absent == "problem":
                raise
            return _nothing()
        return Response(shown.data, media_type=shown.media_type, headers=headers)

    return router


def _nothing() -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})
