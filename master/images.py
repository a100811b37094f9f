"""What lies in the input bucket, for a client that cannot look there itself."""

import re
import secrets
from collections.abc import Callable
from itertools import groupby, islice
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from master.ownership import own
from tilework.errors import CursorError
from tilework.jobs.quotas import KEY_BYTES
from tilework.jobs.stores import ObjectVersion
from tilework.jobs.system import System
from tilework.jobs.table import JobTable
from tilework.service.identity import Asking
from tilework.sign_in import Who

VERSIONS_AT_ONCE = 1000
"""Versions after which a list ends with its key; of one key no more are told, the newest first."""

LOOKED_AT_ONCE = 250
"""Versions after which it ends where each must be looked at, to see whose it is: a second of requests to S3."""

PLACE_SECONDS = 3600
"""For which a place in the bucket is remembered that is at another's image."""

PLACE = re.compile(r"place-[0-9a-f]{32}")
"""What stands for such a place: nothing can be read off it, and nobody guesses one."""

Text = Annotated[str, Query(max_length=KEY_BYTES)]


class VersionView(BaseModel):
    """One version of an image: ``size`` in bytes, ``modified`` in seconds since the epoch."""

    key: str
    version: str
    size: int
    modified: float
    is_latest: bool


class ImageList(BaseModel):
    """Versions in the order of their keys, those of one key together; ``after`` is that of the next request, or empty.

    It is a key, or, where that would be another's, what stands for it to the same person for an hour.
    """

    bucket: str
    versions: list[VersionView]
    after: str


class Places:
    """Names places in the bucket to people without telling them the keys of others. ``clock`` as of the application."""

    def __init__(self, table: JobTable, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock

    def named(self, key: str, who: Who) -> str:
        """What stands for ``key``, to ``who`` alone."""
        place = f"place-{secrets.token_hex(16)}"
        self._table.remember(self._name(place, who), key, expires=self._clock() + PLACE_SECONDS)
        return place

    def key(self, after: str, who: Who) -> str:
        """The key that ``after`` stands for, or is. Raises CursorError where it is forgotten, or was told to another."""
        if who.sees_all or not PLACE.fullmatch(after):
            return after
        key = self._table.recall(self._name(after, who))
        if not key:
            raise CursorError(f"{after} is no place in the bucket, or is forgotten.", advice="Begin anew.")
        return key

    @staticmethod
    def _name(place: str, who: Who) -> str:
        return f"{place}#{who.owner}"


def routes(system: System, clock: Callable[[], float]) -> APIRouter:
    """``GET /api/images``."""
    router = APIRouter(tags=["images"])
    places = Places(system.table, clock)

    @router.get("/api/images", summary="List images")
    def images(who: Asking, prefix: Text = "", after: Text = "") -> ImageList:
        """List the versions of the images whose keys begin with `prefix`, behind the key `after`.

        Where people sign in, their own ones: then an answer may have few or none, and yet an `after`.
        """
        inputs = system.inputs
        most = VERSIONS_AT_ONCE if who.sees_all else LOOKED_AT_ONCE
        found: list[ObjectVersion] = []
        last = ""
        began = places.key(after, who)
        for key, versions in groupby(inputs.versions(prefix, after=began), attrgetter("key")):
            found += islice(versions, most)
            if len(found) >= most:
                last = key
                break
        told = own(inputs, found, who)
        is_told = not last or who.sees_all or (bool(told) and told[-1].key == last)
        return ImageList(
            bucket=inputs.bucket,
            versions=[_view(each) for each in told],
            after=last if is_told else places.named(last, who),
        )

    return router


def _view(version: ObjectVersion) -> VersionView:
    return VersionView(
        key=version.key,
        version=version.version,
        size=version.size,
        modified=version.modified,
        is_latest=version.is_latest,
    )
