"""Many results at once: where each can be had, for a client that packs or copies them itself.

No byte of an image passes through here. The page makes a ZIP archive of what these addresses give, as it comes.
"""

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from master.jobs import Ids, Listing, Wanted, result_name
from master.settings import MasterSettings
from master.stores import endpoint_of
from tilework.jobs.job import Job, State
from tilework.jobs.system import System
from tilework.service.identity import Asking

AT_ONCE = 100
"""Addresses in one answer: signing them takes less than a tenth of a second."""

_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')
"""What some system cannot have in a file's name, and what turns the writing."""


class Download(BaseModel):
    """One result: a ``name`` that any system can give a file, a signed address, and the same as an address in S3.

    ``endpoint`` is where a client of S3 must be pointed; empty where it is AWS itself.
    """

    job: str
    name: str
    url: str
    s3: str
    endpoint: str


class Downloads(BaseModel):
    """Results; the addresses are good for ``expires`` seconds. ``next`` is the ``before`` of the next page, or empty."""

    downloads: list[Download]
    next: str
    expires: int


def routes(system: System, listing: Listing, settings: MasterSettings) -> APIRouter:
    """``GET /api/downloads``."""
    router = APIRouter(tags=["jobs"])
    sign = _signing(system, settings.presign_seconds)

    @router.get("/api/downloads", summary="Tell where many results are")
    def downloads(
        response: Response,
        who: Asking,
        batch: Annotated[str, Query(max_length=64)] = "",
        ids: Ids = "",
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> Downloads:
        """Tell the signed addresses of all results, of one batch, or of up to fifty jobs by their `ids`.

        A hundred an answer; `before` is the `next` of the one before. Jobs without a result are left out.
        """
        response.headers["Cache-Control"] = "no-store"
        wanted = Wanted(State.DONE, batch, AT_ONCE, before, ids=ids, who=who)
        rows, following = listing.rows(wanted)
        told = [sign(row) for row in rows if row.result_key]
        return Downloads(downloads=told, next=following, expires=settings.presign_seconds)

    return router


def _signing(system: System, seconds: int) -> Callable[[Job], Download]:
    outputs = system.outputs

    def sign(row: Job) -> Download:
        name = portable(result_name(row))
        url = outputs.presigned_get(row.result_key, None, filename=name, seconds=seconds)
        place = f"s3://{outputs.bucket}/{row.result_key}"
        return Download(job=row.id, name=name, url=url, s3=place, endpoint=endpoint_of(url))

    return sign


def portable(name: str) -> str:
    """A file's name that every system takes, and that leads into no other folder."""
    plain = _UNFIT.sub("_", name).strip(" .")
    return plain or "unnamed"
