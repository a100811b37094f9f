"""What lies in the input bucket, for a client that cannot look there itself."""

from collections.abc import Iterator
from itertools import groupby, islice
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tilework.jobs.quotas import KEY_BYTES
from tilework.jobs.stores import ObjectVersion
from tilework.jobs.system import System

VERSIONS_AT_ONCE = 1000
"""Versions after which a list ends with its key; of one key no more are told, the newest first."""

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
    def images(prefix: Text = "", after: Text = "") -> ImageList:
        """List the versions of the images whose keys begin with `prefix`, behind the key `after`."""
        found: list[VersionView] = []
        for key, versions in groupby(system.inputs.versions(prefix, after=after), attrgetter("key")):
            found += _of_one_key(versions)
            if len(found) >= VERSIONS_AT_ONCE:
                return ImageList(bucket=system.inputs.bucket, versions=found, after=key)
        return ImageList(bucket=system.inputs.bucket, versions=found, after="")

    return router


def _of_one_key(versions: Iterator[ObjectVersion]) -> list[VersionView]:
    return [
        VersionView(
            key=each.key,
            version=each.version,
            size=each.size,
            modified=each.modified,
            is_latest=each.is_latest,
        )
        for each in islice(versions, VERSIONS_AT_ONCE)
    ]
