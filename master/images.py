"""What lies in the input bucket, for a client that cannot look there itself."""

from itertools import groupby, islice
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from master.identity import Asking
from master.ownership import own
from tilework.jobs.quotas import KEY_BYTES
from tilework.jobs.stores import ObjectVersion
from tilework.jobs.system import System

VERSIONS_AT_ONCE = 1000
"""Versions after which a list ends with its key; of one key no more are told, the newest first."""

LOOKED_AT_ONCE = 250
"""Versions after which it ends where each must be looked at, to see whose it is: a second of requests to S3."""

Text = Annotated[str, Query(max_length=KEY_BYTES)]


class VersionView(BaseModel):
    """One version of an image: ``size`` in bytes, ``modified`` in seconds since the epoch."""

    key: str
    version: str
    size: int
    modified: float
    is_latest: bool


class ImageList(BaseModel):
    """Versions in the order of their keys, those of one key together; ``after`` is that of the next request, or empty."""

    bucket: str
    versions: list[VersionView]
    after: str


def routes(system: System) -> APIRouter:
    """``GET /api/images``."""
    router = APIRouter(tags=["images"])

    @router.get("/api/images", summary="List images")
    def images(who: Asking, prefix: Text = "", after: Text = "") -> ImageList:
        """List the versions of the images whose keys begin with `prefix`, behind the key `after`.

        Where people sign in, their own ones: then an answer may have few or none, and yet an `after`.
        """
        inputs = system.inputs
        most = VERSIONS_AT_ONCE if who.sees_all else LOOKED_AT_ONCE
        found: list[ObjectVersion] = []
        last = ""
        for key, versions in groupby(inputs.versions(prefix, after=after), attrgetter("key")):
            found += islice(versions, most)
            if len(found) >= most:
                last = key
                break
        told = [_view(each) for each in own(inputs, found, who)]
        return ImageList(bucket=inputs.bucket, versions=told, after=last)

    return router


def _view(version: ObjectVersion) -> VersionView:
    return VersionView(
        key=version.key,
        version=version.version,
        size=version.size,
        modified=version.modified,
        is_latest=version.is_latest,
    )
